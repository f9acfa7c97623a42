import { setTimeout } from 'node:timers/promises';
import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import { type NodeFacts, statsOf } from '../http/monitoring.ts';
import { StatsReq, StatsResp } from '../protocol/admin-messages.ts';
import { type OpenCalls, Outlet, decode, finish, method } from './calls.ts';

export const monitoringService = { stats: method('/event_store.client.monitoring.Monitoring/Stats', { responseStream: true }) };

/** As long as timers can wait. */
const LONGEST_PERIOD_MS = 2 ** 31 - 1;

export function addMonitoring(grpc: Server, facts: NodeFacts, calls: OpenCalls): void {
  grpc.addService(monitoringService, {
    stats: (call: ServerWritableStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, sendStats(facts, call.request, new Outlet(call, signal)));
    },
  });
}

/** Never returns: figures come again and again. @throws the signal's reason. */
async function sendStats(facts: NodeFacts, request: Buffer, outlet: Outlet): Promise<never> {
  const { refreshTimePeriodInMs = 0n } = decode(StatsReq, request);
  const periodMs = Math.min(Number(refreshTimePeriodInMs), LONGEST_PERIOD_MS);
  for (;;) {
    await outlet.send(StatsResp.encode({ stats: Object.fromEntries(flat(statsOf(facts))) }));
    await setTimeout(periodMs, undefined, { signal: outlet.signal }).catch(() => outlet.signal.throwIfAborted());
  }
}

/** Names as the real server makes them: what is nested follows a hyphen. */
export function flat(stats: object, prefix = ''): [string, string][] {
  return Object.entries(stats).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? flat(value, `${prefix}${name}-`) : [[prefix + name, String(value)] as [string, string]],
  );
}
