import { type EventToAppend, type ExpectedRevision, RequestRefused } from './event-store.ts';

/** Lower case, because stores give ids back so, and not the nil UUID, which stores take for none. */
const ID = /^(?!0{8}-)[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * What every store asks of a read, so that it can't be taken for a store that does not answer.
 *
 * @throws RequestRefused
 */
export function checkRead(stream: string, fromRevision: number): void {
  checkStream(stream);
  if (!isRevision(fromRevision)) throw new RequestRefused(`${stream} can't be read from revision ${fromRevision}`);
}

/**
 * What every store asks of an append.
 *
 * @throws RequestRefused
 */
export function checkAppend(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): void {
  checkStream(stream);
  if (expected !== 'no_stream' && !isRevision(expected)) throw new RequestRefused(`${stream} can't be at revision ${expected}`);
  if (events.length === 0) throw new RequestRefused(`nothing is appended to ${stream}`);
  const wrong = events.find(({ id }) => !ID.test(id));
  if (wrong !== undefined) throw new RequestRefused(`"${wrong.id}" is no id of an event: it must be a UUID in lower case`);
}

/** A dollar begins the names of the store's own streams; half a surrogate pair would come back as another name. */
function checkStream(name: string): void {
  if (name === '' || name.startsWith('$') || !name.isWellFormed()) throw new RequestRefused(`"${name}" is no name of a stream`);
}

function isRevision(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}
