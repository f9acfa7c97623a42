/** The settings are missing or wrong; the message names the option. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** The command line was not understood. */
export class UsageError extends OptionsError {}
