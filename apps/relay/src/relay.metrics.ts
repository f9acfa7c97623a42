import { Counter, Gauge, type Metric } from 'prom-client';
import type { Relay, RelayCounts } from './relay.ts';

/** Read from the relay when somebody scrapes. */
export function relayMetrics(relay: Relay): Metric[] {
  const counter = (name: string, help: string, count: keyof RelayCounts): Counter =>
    new Counter({
      name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(relay.counts[count]);
      },
    });
  return [
    counter('orderstream_relay_batches_total', 'Transactions committed to Kafka', 'batches'),
    counter('orderstream_relay_records_total', 'Records committed to event topics', 'records'),
    counter('orderstream_relay_parked_total', 'Events set aside because they can not be published', 'parked'),
    counter('orderstream_relay_recoveries_total', 'Times the relay read its checkpoint and went on', 'recoveries'),
    new Gauge({
      name: 'orderstream_relay_position',
      help: 'The last position of the log that is on its topic; 0 before the first',
      registers: [],
      collect() {
        if (relay.state.status === 'relaying') this.set(Number(relay.state.position ?? 0n));
      },
    }),
    new Gauge({
      name: 'orderstream_relay_behind_seconds',
      help: 'How long the oldest event known to wait for its topic has been in the log',
      registers: [],
      collect() {
        this.set(relay.behindMs / 1_000);
      },
    }),
  ];
}
