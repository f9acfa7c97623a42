/** What a consumer turns events into: a reaction into commands, a projection into rows, a process into work to do. */
export type ConsumerKind = 'reaction' | 'projection' | 'process';

/** A consumer of a service: a group of its own, which reads its topics from the beginning. */
export interface Consumer<Topic extends string = string> {
  readonly kind: ConsumerKind;
  /** The name of its group, unique on the platform. */
  readonly name: string;
  readonly topics: readonly Topic[];
  /** What its handlers name: `@EventPattern(topic, transport)`. */
  readonly transport: symbol;
}

export function consumerOf<Topic extends string>(kind: ConsumerKind, name: string, ...topics: readonly Topic[]): Consumer<Topic> {
  return { kind, name, topics, transport: Symbol(name) };
}
