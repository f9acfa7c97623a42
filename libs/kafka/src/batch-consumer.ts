import type { CustomTransportStrategy, MessageHandler } from '@nestjs/microservices';
import type { Consumer, ConsumerStatus, EventBatch } from '@orderstream/messaging';
import { isObservable, lastValueFrom } from 'rxjs';
import type { ConsumerOptions } from './assignment.ts';
import { GroupMember } from './group-member.ts';

export interface BatchConsumerOptions extends Omit<ConsumerOptions, 'group'> {
  readonly consumer: Consumer;
}

/** Nest replaced a handler's fault by a reply for a client, so that its fate can't be told any more. */
export class FaultReplaced extends Error {
  override readonly name = 'FaultReplaced';
  constructor(topic: string, reply: unknown) {
    super(
      `the handler of ${topic} failed, but an exception filter of Nest hid its fault behind ${JSON.stringify(reply)}: ` +
        'a filter that rethrows (throwError(() => fault)) must stand before it, in the configuration that this consumer is connected with',
    );
  }
}

/**
 * A Nest transport for one consumer. Each of its topics has an `@EventPattern(topic, transport)` method, which gets
 * one `EventBatch` at a time and is done when its promise resolves. When it rejects, nothing is acknowledged: the
 * partition is held, and the same records are delivered again after a while.
 *
 * It is not derived from Nest's `Server`, whose `handleEvent` drops a handler's fault.
 */
export class BatchConsumer implements CustomTransportStrategy {
  readonly transportId: symbol;
  /** Tells Nest that faults are reported here, so that Nest does not log them. */
  readonly propagatesEventHandlerErrors = true;
  readonly #topics: readonly string[];
  readonly #options: ConsumerOptions;
  readonly #handlers = new Map<string, MessageHandler<EventBatch>>();
  #member: GroupMember | null = null;

  constructor({ consumer: { name, topics, transport }, ...options }: BatchConsumerOptions) {
    this.transportId = transport;
    this.#topics = topics;
    this.#options = { ...options, group: name };
  }

  /** Nest calls this for every method that names the transport. */
  addHandler(topic: string, handler: MessageHandler<EventBatch>, isEventHandler = false): void {
    if (!isEventHandler) throw new Error(`${topic}: a consumer group answers nobody, so @MessagePattern has no place in it`);
    if (!this.#topics.includes(topic)) throw new Error(`${topic} is none of the topics that the group ${this.#options.group} reads`);
    if (this.#handlers.has(topic)) throw new Error(`${topic} has two handlers in the group ${this.#options.group}`);
    this.#handlers.set(topic, handler);
  }

  /** Calls back at once: the consumer joins its group whenever Kafka answers, and status() says what it waits for. */
  listen(callback: (error?: Error) => void): void {
    const unhandled = this.#topics.filter((topic) => !this.#handlers.has(topic));
    if (unhandled.length > 0) {
      callback(new Error(`no method has an @EventPattern for ${unhandled.join(', ')} in the group ${this.#options.group}`));
      return;
    }
    this.#member = new GroupMember(this.#options, this.#topics, (batch) => this.deliver(batch));
    this.#member.start();
    callback();
  }

  /** Finishes the batches in hand; bounded in time. */
  async close(): Promise<void> {
    await this.#member?.stop();
  }

  status(): ConsumerStatus {
    return this.#member?.status() ?? { group: this.#options.group, blockedBy: 'it was not started', caughtUp: false, partitions: [] };
  }

  /** @throws what the handler of its topic throws. */
  async deliver(batch: EventBatch): Promise<void> {
    const handler = this.#handlers.get(batch.topic);
    if (handler === undefined) throw new Error(`nobody handles ${batch.topic}`);
    try {
      const result: unknown = await handler(batch);
      // Nest turns what a filter or an interceptor does into a stream, which does nothing until somebody subscribes.
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    } catch (fault) {
      throw isReply(fault) ? new FaultReplaced(batch.topic, fault) : fault;
    }
  }
}

function isReply(fault: unknown): boolean {
  return typeof fault === 'object' && fault !== null && !(fault instanceof Error) && 'status' in fault && fault.status === 'error';
}
