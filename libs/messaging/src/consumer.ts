/** What a consumer turns events into: a reaction into commands, a projection into rows, a process into work to do. */
export type ConsumerKind = 'reaction' | 'projection' | 'process';

/**
 * A consumer of a service, which reads its topics from the beginning. Reactions and processes are consumer groups of
 * their own; the projections of a service share one.
 */
export interface Consumer<Topic extends string = string> {
  readonly kind: ConsumerKind;
  /** Unique on the platform. Its group has this name, or its positions. */
  readonly name: string;
  readonly topics: readonly Topic[];
  /** What its handlers name: `@EventPattern(topic, transport)`. */
  readonly transport: symbol;
}

export function consumerOf<Topic extends string>(kind: ConsumerKind, name: string, ...topics: readonly Topic[]): Consumer<Topic> {
  return { kind, name, topics, transport: Symbol(name) };
}

/** The consumer group in which a service reads for all of its read models. */
export function readModelsGroup(service: string): string {
  return `${service}-read-models`;
}
