/** A variable of the environment is wrong; the message names it. */
export class WrongSetting extends Error {
  override readonly name = 'WrongSetting';
}
