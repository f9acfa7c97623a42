/** What is there contradicts what this build needs. Waiting changes nothing: a person has to decide. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
