import { WrongArguments } from '@orderstream/local-stack/command';

/** The value of an option. @throws WrongArguments naming the option when it is no whole number, or smaller than `least`. */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
    throw new WrongArguments(`${option} ${text}: must be a whole number from ${least} up`);
  }
  return value;
}
