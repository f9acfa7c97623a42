import { setTimeout as delay } from 'node:timers/promises';
import { EventStoreDb } from '@orderstream/eventstoredb';
import { createKafka, readTopic, SchemaRegistryCodec } from '@orderstream/kafka';
import { type BrokerName, brokerNames } from '@orderstream/local-stack/layout';
import { freePortBase } from '@orderstream/local-stack/ports';
import { discardData, openStack, type Stack, startStack } from '@orderstream/local-stack/stack';
import { silentLogger } from '@orderstream/messaging';
import { setting } from '../platform.ts';
import { StockWriter } from './stock-writer.ts';

export interface KillOptions {
  readonly seconds: number;
  /** Events a second. */
  readonly rate: number;
}

interface Ground {
  readonly dataDir: string;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Long enough for the others to elect leaders without it. */
const DOWN_MS = 12_000;
const LOOK_EVERY_MS = 250;
const GOES_ON_WITHIN_MS = 60_000;
/** Each kill and each return may move leaders and the coordinator; a pause between two attempts grows to seconds. */
const MOST_RECOVERIES_A_KILL = 30;

/** @returns what is wrong with the topics or the relay. */
export async function killBrokers(options: KillOptions, ground: Ground): Promise<string[]> {
  const { dataDir, signal, say } = ground;
  try {
    const stack = await startStack({ dataDir, portBase: await freePortBase(), brokers: 3, signal, onProgress: say });
    await stack.deploy();
    await stack.startServices(['relay']);
    return await disturb(stack, options, ground);
  } finally {
    await openStack(dataDir)?.stop();
    discardData(dataDir);
  }
}

async function disturb(stack: Stack, { seconds, rate }: KillOptions, { signal, say }: Ground): Promise<string[]> {
  const store = new EventStoreDb(setting(stack.env, 'EVENTSTORE_URL'));
  const writer = new StockWriter(store, rate);
  const violations: string[] = [];
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const writing = writer.writeUntil(ended);
  // Its failure is reported where it is awaited; until then it must not end the process.
  writing.catch(() => {});
  const pauseMs = (seconds * 1_000) / (brokerNames.length + 1);
  for (const broker of brokerNames) {
    await delay(Math.max(0, pauseMs - DOWN_MS), undefined, { signal });
    violations.push(...(await killOne(stack, broker, store, { signal, say })));
  }
  await delay(pauseMs, undefined, { signal });
  stop.abort();
  await writing;
  await untilRelayed(stack, store, signal);
  say(`${writer.count} events stored`);
  violations.push(...(await violationsOnTopic(stack, writer.stored)));
  await store.dispose();
  return violations;
}

async function killOne(
  stack: Stack,
  broker: BrokerName,
  store: EventStoreDb,
  { signal, say }: Pick<Ground, 'signal' | 'say'>,
): Promise<string[]> {
  const before = await metric(stack, 'orderstream_relay_recoveries_total');
  const killedAt = performance.now();
  await stack.kill(broker);
  const goingOn = untilRelayed(stack, store, AbortSignal.any([signal, AbortSignal.timeout(GOES_ON_WITHIN_MS)])).then(
    () => performance.now() - killedAt,
    () => null,
  );
  await delay(DOWN_MS, undefined, { signal });
  await stack.startServer(broker);
  const standstillMs = await goingOn;
  await delay(DOWN_MS, undefined, { signal });
  const recoveries = (await metric(stack, 'orderstream_relay_recoveries_total')) - before;
  const after = standstillMs === null ? 'not any more' : `after ${(standstillMs / 1_000).toFixed(1)} s`;
  say(
    `${broker} killed: what was stored by then was relayed ${after}; ${recoveries} recoveries until it was back for ${DOWN_MS / 1_000} s`,
  );
  return [
    ...(standstillMs === null ? [`the relay did not go on within ${GOES_ON_WITHIN_MS / 1_000} s of the end of ${broker}`] : []),
    ...(recoveries > MOST_RECOVERIES_A_KILL ? [`the relay recovered ${recoveries} times for the end of ${broker}`] : []),
  ];
}

/** Waits until what is in the log now is on its topic. */
async function untilRelayed(stack: Stack, store: EventStoreDb, signal: AbortSignal): Promise<void> {
  const end = Number(await store.lastPosition(['stock']));
  while ((await metric(stack, 'orderstream_relay_position')) < end) await delay(LOOK_EVERY_MS, undefined, { signal });
}

async function metric(stack: Stack, name: string): Promise<number> {
  const text = await (await fetch(`${stack.urls.relay}/metrics`)).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Each stored event must be there once, and in the order of its stream. */
async function violationsOnTopic(stack: Stack, stored: ReadonlyMap<string, readonly string[]>): Promise<string[]> {
  const kafka = createKafka({ clientId: 'broker-kills', brokers: setting(stack.env, 'KAFKA_BROKERS').split(','), logger: silentLogger });
  const codec = new SchemaRegistryCodec(setting(stack.env, 'SCHEMA_REGISTRY_URL'));
  const found = new Map<string, string[]>();
  for await (const { stream, decoded } of readTopic(kafka, codec, 'inventory')) {
    const ids = found.get(stream) ?? [];
    ids.push(decoded?.id ?? 'not to be decoded');
    found.set(stream, ids);
  }
  return [...new Set([...stored.keys(), ...found.keys()])].flatMap((stream) => {
    const [wanted, seen] = [stored.get(stream) ?? [], found.get(stream) ?? []];
    const at = wanted.findIndex((id, revision) => id !== seen[revision]);
    if (at === -1 && wanted.length === seen.length) return [];
    return [`${stream}: ${wanted.length} events stored, ${seen.length} records; they differ from ${at === -1 ? wanted.length : at} on`];
  });
}
