/** What exists contradicts what this build needs. Waiting does not help: a person has to decide. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
