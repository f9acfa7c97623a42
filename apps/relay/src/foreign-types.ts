import { categoryOf, streams } from '@orderstream/contracts';
import type { StoredEvent } from '@orderstream/event-sourcing';
import type { SchemaRegistryCodec } from '@orderstream/kafka';
import type { Shard } from './shard.ts';

/** The event types that this relay lacks and another release has: it registers a schema before it stores an event. */
export class ForeignTypes {
  readonly #codec: SchemaRegistryCodec;
  readonly #routes: Shard['routes'];
  readonly #registered = new Set<string>();

  constructor(codec: SchemaRegistryCodec, routes: Shard['routes']) {
    this.#codec = codec;
    this.#routes = routes;
  }

  has(type: string): boolean {
    return this.#registered.has(type);
  }

  /**
   * Asks the registry about an event's type, if this build lacks it: every time until the registry has it, because a
   * release may come at any time. Null when there is nothing to ask.
   *
   * @throws DependencyUnavailable
   */
  learn({ stream, event: { type } }: StoredEvent): Promise<void> | null {
    if (this.#codec.contracts.of(type) !== undefined || this.#registered.has(type)) return null;
    const category = categoryOf(stream);
    const isRouted = category !== null && this.#routes[category] !== undefined;
    return isRouted ? this.#ask(streams[category].topic, type) : null;
  }

  async #ask(topic: string, type: string): Promise<void> {
    if (await this.#codec.isRegistered(topic, type)) this.#registered.add(type);
  }
}
