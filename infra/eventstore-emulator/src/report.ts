/** Reports to the operator what no client could be told. */
export function report(cause: unknown): void {
  process.stderr.write(`${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
}
