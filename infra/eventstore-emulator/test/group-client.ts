import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type {
  EventStoreDBClient,
  PersistentSubscriptionToAll,
  PersistentSubscriptionToStream,
  PersistentSubscriptionToStreamSettings,
} from '@eventstore/db-client';
import { vi } from 'vitest';
import { START, jsonEvent, persistentSubscriptionToStreamSettingsFromDefaults } from './client-under-test.ts';

const ANYWHERE = 'any';

export const fresh = (category = 'thing'): string => `${category}-${randomUUID()}`;
export const eventually = (assertion: () => void | Promise<void>): Promise<void> => vi.waitFor(assertion, { timeout: 30_000 });

export type Subscription = PersistentSubscriptionToStream | PersistentSubscriptionToAll;
export type Received = NonNullable<Awaited<ReturnType<typeof nextOf>>>;

async function nextOf(subscription: PersistentSubscriptionToStream) {
  for await (const event of subscription) return event;
  return undefined;
}

/** From the start, with whatever a test changes. */
export function settings(changes: Partial<PersistentSubscriptionToStreamSettings> = {}): PersistentSubscriptionToStreamSettings {
  return persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...changes });
}

/** Appends so many events whose data are their numbers, and gives the ids. */
export async function add(client: EventStoreDBClient, stream: string, count: number, type = 'Happened'): Promise<string[]> {
  const events = Array.from({ length: count }, (_, n) => jsonEvent({ type, data: { n } }));
  await client.appendToStream(stream, events, { expectedRevision: ANYWHERE });
  return events.map(({ id }) => id);
}

/** A connected client of a group and everything that it was sent. */
export interface Watched {
  readonly subscription: Subscription;
  readonly seen: Received[];
  /** Revisions of what came, with what was asked for by links. */
  readonly revisions: () => number[];
  readonly failure: Promise<Error>;
}

/** Resolves when the subscription is confirmed. `settle` is done with every event as it comes. */
export async function watch(
  subscription: Subscription,
  settle: (event: Received, subscription: Subscription) => Promise<void> | void = () => {},
): Promise<Watched> {
  const seen: Received[] = [];
  subscription.on('data', (event: Received) => {
    seen.push(event);
    void settle(event, subscription);
  });
  const failure = new Promise<Error>((resolve) => subscription.on('error', resolve));
  await Promise.race([
    once(subscription, 'confirmation'),
    failure.then((cause) => {
      throw cause;
    }),
  ]);
  const revisions = (): number[] => seen.map(({ event, link }) => Number((link ?? event)!.revision));
  return { subscription, seen, revisions, failure };
}

/** A connected client that acks whatever comes. */
export function watchAndAck(subscription: Subscription): Promise<Watched> {
  return watch(subscription, (event, from) => from.ack(event));
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);
