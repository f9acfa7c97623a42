import { createKafka } from '@orderstream/kafka';
import { silentLogger } from '@orderstream/messaging';
import type { ObservedRecord } from '../ledger/observed-record.ts';
import type { ParkedRecord } from '../parked.ts';
import { setting } from '../platform.ts';
import type { Environment } from '../settings.ts';

const nameOf = (nth: number): string => `poisoned-${nth}`;
export const isPoisoned = ({ stream }: Pick<ObservedRecord, 'stream'>): boolean => stream.startsWith('poisoned-');

/** Puts records on a topic that no schema explains, each of a stream of its own. */
export class Poisoner {
  readonly #env: Environment;
  #sent = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** How many it has sent. */
  get sent(): number {
    return this.#sent;
  }

  async send(): Promise<void> {
    const brokers = setting(this.#env, 'KAFKA_BROKERS').split(',');
    const producer = createKafka({ clientId: 'upgrade', brokers, logger: silentLogger }).producer();
    await producer.connect();
    this.#sent += 1;
    await producer.send({ topic: 'orders', messages: [{ key: nameOf(this.#sent), value: Buffer.from('{"not":"avro"}'), partition: 0 }] });
    await producer.disconnect();
  }
}

/** Each record that was sent must be set aside by the same consumers as the first, and nothing else by anybody. */
export function poisonViolations(sent: number, parked: readonly ParkedRecord[]): string[] {
  const byStream = Map.groupBy(parked, ({ stream }) => stream);
  const groupsOf = (stream: string): string =>
    (byStream.get(stream) ?? [])
      .map(({ group }) => group)
      .toSorted()
      .join(', ');
  const first = groupsOf(nameOf(1));
  const others = Array.from({ length: sent - 1 }, (_, index) => nameOf(index + 2)).filter((stream) => groupsOf(stream) !== first);
  return [
    ...(first === '' ? [`nobody has set aside ${nameOf(1)}`] : []),
    ...others.map((stream) => `${stream} is set aside by ${groupsOf(stream)}, and ${nameOf(1)} by ${first}`),
    ...[...byStream.keys()].filter((stream) => !isPoisoned({ stream })).map((stream) => `${stream} is set aside by ${groupsOf(stream)}`),
  ];
}
