/** Product codes stand in stream names and URLs, so they have few characters. */
export const SKU = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  rule: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
} as const;

export const CURRENCY = {
  /** Whatever was recorded. */
  pattern: /^[A-Z]{3}$/,
  /** The currencies that exist, by Node's own data: for what is recorded from now on. */
  codes: Intl.supportedValuesOf('currency'),
  rule: 'must be an ISO 4217 code',
} as const;
