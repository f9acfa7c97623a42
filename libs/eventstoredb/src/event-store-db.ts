import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { type Contracts, contracts } from '@orderstream/contracts';
import {
  type AppendResult,
  checkAppend,
  checkRead,
  type Delivery,
  type EventLog,
  type EventStore,
  type EventToAppend,
  type ExpectedRevision,
  inCurrentVersion,
  RequestRefused,
  type StoredEvent,
  StoreUnavailable,
  type SubscriptionOptions,
} from '@orderstream/event-sourcing';
import { Connection } from './connection.ts';
import { textOf } from './faults.ts';
import { allBackwardsRequest, appendRequests, streamRequest } from './requests.ts';
import { positionOf, streamOf, toStoredEvent } from './stored-event.ts';
import { subscribe } from './subscription.ts';

const READ_WITHIN_MS = 10_000;
const APPENDED_WITHIN_MS = 10_000;
const PING_WITHIN_MS = 1_000;
/** Of no category, so that no subscription of the platform gets its events. */
const PING_STREAM = 'ping';

/**
 * The log in EventStoreDB, or anything that speaks its protocol. Connects at the first call, and
 * after a lost connection at the next one. Every call ends within a limit.
 */
export class EventStoreDb implements EventStore, EventLog {
  readonly #connection: Connection;
  readonly #contracts: Contracts;
  /** Why an append failed after the last one that was taken; null when none did. */
  #appendFault: string | null = null;

  /**
   * @param url `esdb://host:port?tls=false`, or several hosts or `esdb+discover://` for a cluster.
   * @param known the contracts of the events that are appended and read.
   * @throws when the URL is none of these.
   */
  constructor(url: string, known: Contracts = contracts) {
    this.#connection = new Connection(url);
    this.#contracts = known;
  }

  async *read(stream: string, options: { readonly fromRevision?: number } = {}): AsyncIterable<StoredEvent> {
    const { fromRevision = 0 } = options;
    checkRead(stream, fromRevision);
    for await (const message of this.#connection.read(streamRequest(stream, fromRevision), { withinMs: READ_WITHIN_MS })) {
      const recorded = message.getEvent()?.getEvent();
      if (recorded !== undefined) yield inCurrentVersion(toStoredEvent(recorded), this.#contracts);
    }
  }

  async idAt(stream: string, revision: number): Promise<string | null> {
    for await (const message of this.#connection.read(streamRequest(stream, revision), { withinMs: READ_WITHIN_MS })) {
      const recorded = message.getEvent()?.getEvent();
      if (recorded !== undefined) return Number(recorded.getStreamRevision()) === revision ? toStoredEvent(recorded).id : null;
    }
    return null;
  }

  /** @throws ContractViolation for an event that is not what its contract declares: nothing is sent then. */
  async append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision): Promise<AppendResult> {
    checkAppend(stream, events, expected);
    for (const { event } of events) this.#contracts.check(event.type, event.data);
    return this.#append(stream, events, expected, APPENDED_WITHIN_MS);
  }

  subscribeToAll(options: SubscriptionOptions): AsyncIterable<Delivery> {
    return subscribe(this.#connection, options);
  }

  async lastPosition(categories: readonly string[]): Promise<bigint | null> {
    const prefixes = categories.map((category) => `${category}-`);
    for await (const message of this.#connection.read(allBackwardsRequest(), { withinMs: READ_WITHIN_MS })) {
      const recorded = message.getEvent()?.getEvent();
      if (recorded !== undefined && prefixes.some((prefix) => streamOf(recorded).startsWith(prefix))) return positionOf(recorded);
    }
    return null;
  }

  /**
   * Resolves when the store does what this process needs of it: answers a read, and takes an append if the last one
   * here failed. Reads work while the disk is full or the node may not write, and only an append shows that this is
   * over; so an event that nobody looks at is appended until that succeeds.
   *
   * @throws StoreUnavailable when it has not within a second.
   */
  async ping(): Promise<void> {
    let last: ExpectedRevision = 'no_stream';
    for await (const message of this.#connection.read(streamRequest(PING_STREAM, 'last'), { withinMs: PING_WITHIN_MS })) {
      const recorded = message.getEvent()?.getEvent();
      if (recorded !== undefined) last = Number(recorded.getStreamRevision());
    }
    if (this.#appendFault === null) return;
    const id = randomUUID();
    const metadata = { schemaVersion: 1, $correlationId: id, $causationId: id };
    // When another process was first, the next ping has its turn.
    await this.#append(PING_STREAM, [{ id, event: { type: 'Pinged', data: {} }, metadata }], last, PING_WITHIN_MS);
  }

  /** Breaks off the calls in hand. */
  dispose(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  async #append(stream: string, events: readonly EventToAppend[], expected: ExpectedRevision, withinMs: number): Promise<AppendResult> {
    const id = randomUUID();
    try {
      const answer = await this.#connection.append(id, appendRequests(id, stream, events, expected), withinMs);
      const result = resultOf(answer);
      if (result.ok) this.#appendFault = null;
      return result;
    } catch (fault) {
      if (fault instanceof StoreUnavailable) this.#appendFault = textOf(fault);
      throw fault;
    }
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['BadRequest', 'MaximumAppendSizeExceeded', 'StreamDeleted']);

/** The store's answer to one append; everything that is not about the append itself is an outage. */
function resultOf(answer: BatchAppendResp): AppendResult {
  const success = answer.getSuccess();
  if (success !== undefined) return { ok: true, revision: Number(success.getCurrentRevision()) };
  const details = answer.getError()?.getDetails();
  const kind = details?.getTypeName().split('.').at(-1) ?? '';
  if (kind === 'WrongExpectedVersion') {
    const conflict = shared.WrongExpectedVersion.deserializeBinary(details!.getValue_asU8());
    return { ok: false, actual: conflict.hasCurrentStreamRevision() ? Number(conflict.getCurrentStreamRevision()) : 'no_stream' };
  }
  const text = [kind, answer.getError()?.getMessage()].filter((part) => part !== undefined && part !== '').join(': ');
  if (REFUSALS.has(kind)) throw new RequestRefused(`eventstore refuses the append: ${text}`);
  throw new StoreUnavailable(`eventstore does not take the append: ${text === '' ? 'it does not say why' : text}`);
}
