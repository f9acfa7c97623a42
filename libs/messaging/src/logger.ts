/** What adapters log through; pino's loggers fit. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** For tools and tests that report for themselves what matters. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
