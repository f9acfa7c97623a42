/** For tools and tests that say themselves what is worth saying. */
export const silentLogger = { debug() {}, info() {}, warn() {}, error() {} };
