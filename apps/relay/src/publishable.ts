import { categoryOf, type Contracts } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { Shard } from './shard.ts';

/**
 * `publish`: to this topic. `park`: no build that is known here can publish this event; it is set aside with its
 * cause. `wait`: a newer build can; publishing it with an older schema would lose fields without a sign.
 */
export type Routing =
  | { readonly kind: 'publish'; readonly topic: string }
  | { readonly kind: 'park'; readonly cause: string }
  | { readonly kind: 'wait'; readonly cause: string };

/**
 * What becomes of a stored event. Whether its data fits its schema shows only when it is encoded.
 *
 * @param isForeign whether another release has the type.
 */
export function publishable(
  { stream, event, metadata }: StoredEvent,
  routes: Shard['routes'],
  contracts: Contracts,
  isForeign: (type: string) => boolean,
): Routing {
  const category = categoryOf(stream);
  const topic = category === null ? undefined : routes[category];
  const contract = contracts.of(event.type);
  if (topic === undefined) return park('no topic carries this stream');
  if (contract === undefined) {
    return isForeign(event.type) ? wait(stream, `a ${event.type}`) : park(`no contract declares an event ${event.type}`);
  }
  if (contract.category !== category) return park(`${event.type} belongs to ${contract.category}-* streams`);
  const version: unknown = metadata?.schemaVersion;
  if (typeof version !== 'number' || !Number.isInteger(version)) return park('the metadata has no schema version');
  if (!isName(metadata.$correlationId)) return park('the metadata has no $correlationId');
  if (!isName(metadata.$causationId)) return park('the metadata has no $causationId');
  if (version > contract.version) return wait(stream, `version ${version} of ${event.type}`);
  if (contracts.version(event.type, version) === undefined) return park(`there is no version ${version} of ${event.type}`);
  return { kind: 'publish', topic };
}

function wait(stream: string, what: string): Routing {
  const cause = `${stream} has ${what}, which this relay's contracts lack: run \`npm run deploy\` of the newer release and its relay`;
  return { kind: 'wait', cause };
}

function park(cause: string): Routing {
  return { kind: 'park', cause };
}

function isName(text: unknown): boolean {
  return typeof text === 'string' && text.length > 0;
}
