/** Which events of $all a reader wants. */
export type EventFilter = (event: { readonly stream: string; readonly type: string }) => boolean;

export interface FilterExpression {
  readonly on: 'stream' | 'type';
  /** Wins over prefixes; empty means none. Unanchored and case-sensitive. */
  readonly regex: string;
  readonly prefixes: readonly string[];
}

/** @throws SyntaxError when the regular expression is none. */
export function createFilter({ on, regex, prefixes }: FilterExpression): EventFilter {
  if (regex !== '') {
    // Without the flags u and v: clients escape characters that those do not allow to be escaped.
    const pattern = new RegExp(regex);
    return (event) => pattern.test(event[on]);
  }
  return (event) => prefixes.some((prefix) => event[on].startsWith(prefix));
}
