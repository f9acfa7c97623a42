import type { ServerDuplexStream } from '@grpc/grpc-js';
import { unexpectedRequest } from '../errors.ts';
import { Consumer, type Sending } from '../persistent/consumer.ts';
import { keyOf } from '../persistent/definition.ts';
import type { Group } from '../persistent/group.ts';
import type { Groups } from '../persistent/groups.ts';
import type { NackAction } from '../persistent/items.ts';
import { type GroupMessage, type ReadGroupOptions, ReadGroupReq, ReadGroupResp } from '../protocol/persistent-messages.ts';
import { type WireUuid, parseUuid } from '../protocol/uuid.ts';
import { recordOf } from '../protocol/values.ts';
import { wireLong } from '../protocol/wire.ts';
import { nameOf } from '../security/principal.ts';
import { linkTarget } from '../streams/links.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import { principalOf } from './access.ts';
import { Outlet, decode } from './calls.ts';
import { type GroupName, groupDropped, groupFailed, groupNotFound, tooManySubscribers } from './persistent-faults.ts';
import { groupNameOf } from './persistent-requests.ts';

const NACK_ACTIONS: readonly NackAction[] = ['unknown', 'park', 'retry', 'skip', 'stop'];

/** A client of a group: events go to it, acks and nacks come back, on one call. */
export class GroupCall {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;
  readonly #groups: Groups;
  readonly #streams: StreamReader;

  constructor(call: ServerDuplexStream<Buffer, Buffer>, groups: Groups, streams: StreamReader) {
    this.#call = call;
    this.#groups = groups;
    this.#streams = streams;
  }

  /** Resolves when the client says nothing at all. @throws RpcFault; the signal's reason. */
  async run(signal: AbortSignal): Promise<void> {
    const options = await this.#first(signal);
    if (options === undefined) return;
    const name = groupNameOf(options);
    if (options.uuidOption === undefined) throw unexpectedRequest();
    const group = this.#groups.find(name.stream, name.group);
    if (group === undefined) throw groupNotFound(name);
    if (!group.hasRoomForConsumer) throw tooManySubscribers(name);
    const [connectionName] = this.#call.metadata.get('connection-name');
    const consumer = new Consumer(
      options.bufferSize ?? 0,
      this.#call.getPeer(),
      String(connectionName ?? '<unknown>'),
      nameOf(principalOf(this.#call)),
    );
    // A wrong message ends the call as the client's leaving does.
    const failed = new AbortController();
    this.#call.on('data', (bytes: Buffer) => {
      try {
        this.#settle(group, decode(ReadGroupReq, bytes));
      } catch (cause) {
        failed.abort(cause);
      }
    });
    this.#call.resume();
    group.connect(consumer);
    try {
      await this.#send(name, group, consumer, options, AbortSignal.any([signal, failed.signal]));
    } finally {
      group.disconnect(consumer);
    }
  }

  /** The options, which must come first. */
  #first(signal: AbortSignal): Promise<ReadGroupOptions | undefined> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#call.once('end', () => resolve(undefined));
      this.#call.once('data', (bytes: Buffer) => {
        // What follows waits until there is a group that it can be told to.
        this.#call.pause();
        try {
          const { options } = decode(ReadGroupReq, bytes);
          if (options === undefined) throw unexpectedRequest();
          resolve(options);
        } catch (cause) {
          reject(cause);
        }
      });
    });
  }

  /** Never resolves. */
  async #send(name: GroupName, group: Group, consumer: Consumer, options: ReadGroupOptions, signal: AbortSignal): Promise<never> {
    const outlet = new Outlet(this.#call, signal);
    await outlet.send(ReadGroupResp.encode({ subscriptionConfirmation: { subscriptionId: keyOf(name) } }));
    for (;;) {
      const sending = await consumer.take(signal);
      if (sending === undefined) throw consumer.failure === null ? groupDropped(name) : groupFailed(name, consumer.failure);
      const answer = this.#encode(sending, group.definition.settings.resolveLinks, options.uuidOption!.string !== undefined);
      // An event that a scavenge took while it waited here can't be settled by anybody.
      if (answer === undefined) group.ack([sending.item.id]);
      else await outlet.send(answer);
      group.sent(consumer);
    }
  }

  #settle(group: Group, { ack, nack }: GroupMessage): void {
    if (ack !== undefined) {
      group.ack(idsOf(ack.ids));
      return;
    }
    const action = nack === undefined ? undefined : NACK_ACTIONS[nack.action ?? 0];
    if (nack === undefined || action === undefined) throw unexpectedRequest();
    group.nack(idsOf(nack.ids), action, nack.reason ?? '');
  }

  #encode({ item, retryCount }: Sending, resolvesLinks: boolean, idsAsText: boolean): Buffer | undefined {
    const event = this.#streams.log.eventAt(item.stream, item.revision);
    if (event === undefined) return undefined;
    const original = recordOf(event, idsAsText);
    const place = { commitPosition: wireLong(event.position), retryCount };
    const isReplayed = item.place === null;
    const target = resolvesLinks || isReplayed ? linkTarget(event) : undefined;
    if (target === undefined) return ReadGroupResp.encode({ event: { event: original, ...place } });
    const found = this.#streams.target(target.stream, target.revision);
    const resolved = found === undefined ? {} : { event: recordOf(found, idsAsText) };
    return ReadGroupResp.encode({ event: { ...resolved, link: original, ...place } });
  }
}

function idsOf(ids: readonly WireUuid[]): string[] {
  return ids.map((each) => {
    const id = parseUuid(each);
    if (id === null) throw unexpectedRequest();
    return id;
  });
}
