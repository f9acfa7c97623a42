import type { StoredEvent } from '@orderstream/event-sourcing';
import * as fc from 'fast-check';
import type { KafkaMessage } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { DecodedValue, SchemaRegistryCodec } from './codec.ts';
import { eventIdOf, toBatchRecords, toRecord } from './record.ts';

const stored: StoredEvent = {
  id: '0b2f7a3e-5d0c-4b5e-9d3a-0c1d2e3f4a5b',
  stream: 'order-7c0a5b1e-9f7d-4f43-8a55-3a0f1c2d3e4f',
  revision: 3,
  event: { type: 'OrderDelivered', data: { orderId: '7c0a5b1e-9f7d-4f43-8a55-3a0f1c2d3e4f', deliveredAt: '2026-11-23T10:00:00.000Z' } },
  metadata: {
    schemaVersion: 1,
    $correlationId: 'request-1',
    $causationId: 'event-1',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    fingerprint: 'of the body',
  },
  recordedAt: '2026-11-23T10:00:01.234Z',
};

/** JSON in the place of Avro, since the value's own form has tests of its own. */
const codec = {
  encode: (type: string, _version: number, data: object) => Buffer.from(JSON.stringify({ type, data })),
  decode: (_topic: string, values: readonly Buffer[]) =>
    Promise.resolve(values.map((value): DecodedValue => ({ event: JSON.parse(value.toString()) }))),
} as unknown as SchemaRegistryCodec;

/** What the broker hands out for what was sent. */
function asRead(change: Partial<KafkaMessage> = {}): KafkaMessage {
  const { key, value, headers, timestamp } = toRecord(stored, codec);
  const asBuffers = Object.fromEntries(Object.entries(headers!).map(([name, text]) => [name, Buffer.from(String(text))]));
  return {
    key: Buffer.from(key!),
    value: value as Buffer,
    headers: asBuffers,
    timestamp: timestamp!,
    attributes: 0,
    offset: '41',
    ...change,
  } as KafkaMessage;
}

async function causeOf(message: KafkaMessage): Promise<string | undefined> {
  return (await toBatchRecords('orders', [message], codec))[0]!.undecodable;
}

describe('a record', () => {
  it('says in its headers what CloudEvents and the platform need, and no more', () => {
    expect(toRecord(stored, codec)).toEqual({
      key: stored.stream,
      value: Buffer.from(JSON.stringify(stored.event)),
      timestamp: String(Date.UTC(2026, 10, 23, 10, 0, 1, 234)),
      headers: {
        ce_specversion: '1.0',
        ce_id: stored.id,
        ce_type: 'OrderDelivered',
        ce_source: '/orderstream/order',
        ce_subject: stored.stream,
        ce_time: '2026-11-23T10:00:01.234Z',
        'content-type': 'application/avro',
        streamrevision: '3',
        schemaversion: '1',
        correlationid: 'request-1',
        causationid: 'event-1',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      },
    });
  });

  it('is read as the event that was stored', async () => {
    const [record] = await toBatchRecords('orders', [asRead()], codec);
    expect(record!.decoded).toEqual({
      id: stored.id,
      event: stored.event,
      stream: stored.stream,
      revision: 3,
      recordedAt: '2026-11-23T10:00:01.234Z',
      correlationId: 'request-1',
      causationId: 'event-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    expect(record!.offset).toBe(41n);
  });

  it('without trace context has none when it is read', async () => {
    const { traceparent: _, ...headers } = asRead().headers!;
    const [record] = await toBatchRecords('orders', [asRead({ headers })], codec);
    expect(record!.decoded).not.toHaveProperty('traceparent');
  });

  it.each(['ce_id', 'ce_time', 'streamrevision', 'correlationid', 'causationid'])(
    'without header %s is undecodable, and says so',
    async (name) => {
      const { [name]: _, ...headers } = asRead().headers!;
      expect(await causeOf(asRead({ headers }))).toBe(`header ${name} is missing`);
    },
  );

  it.each([
    ['ce_id', 'not-a-uuid'],
    ['ce_time', 'yesterday'],
    ['streamrevision', '-1'],
    ['streamrevision', '1e3'],
    ['correlationid', ''],
  ])('with %s %j is undecodable, and shows it', async (name, text) => {
    const headers = { ...asRead().headers, [name]: Buffer.from(text) };
    expect(await causeOf(asRead({ headers }))).toBe(`header ${name} is malformed: ${JSON.stringify(text)}`);
  });

  it('whose headers contradict its key or its value is undecodable', async () => {
    const headers = asRead().headers!;
    expect(await causeOf(asRead({ headers: { ...headers, ce_type: 'OrderPaid' } }))).toBe(
      `header ce_type says "OrderPaid", the value's schema OrderDelivered`,
    );
    expect(await causeOf(asRead({ key: Buffer.from('order-1') }))).toBe(`header ce_subject says "${stored.stream}", the key order-1`);
    expect(await causeOf(asRead({ key: null }))).toBe('the record has no key');
  });

  it('keeps its bytes and headers when it is undecodable', async () => {
    const [record] = await toBatchRecords('orders', [asRead({ headers: { ce_id: [Buffer.from('first'), Buffer.from('last')] } })], codec);
    expect(record).toEqual({
      stream: stored.stream,
      offset: 41n,
      value: asRead().value,
      headers: { ce_id: 'last' },
      undecodable: 'header ce_id is malformed: "last"',
    });
    expect(eventIdOf(asRead())).toBe(stored.id);
    expect(eventIdOf(asRead({ headers: {} }))).toBeNull();
  });

  it.each(['ce_id', 'ce_type', 'ce_subject', 'ce_time', 'streamrevision', 'correlationid', 'causationid'])(
    'whose header %s is there without a value is undecodable',
    async (name) => {
      for (const value of [null, [Buffer.from('x'), null]]) {
        expect(await causeOf(asRead({ headers: { ...asRead().headers, [name]: value } as never }))).toContain(`header ${name}`);
      }
    },
  );

  it('with other headers without a value is read, and does not have them', async () => {
    const [record] = await toBatchRecords(
      'orders',
      [asRead({ headers: { ...asRead().headers, traceparent: null, note: null, all: [null] } as never })],
      codec,
    );
    expect(record!.decoded).not.toHaveProperty('traceparent');
    expect(record!.headers).toEqual(
      Object.fromEntries(
        Object.entries(asRead().headers!)
          .filter(([name]) => name !== 'traceparent')
          .map(([name, value]) => [name, String(value)]),
      ),
    );
  });

  it('is read or undecodable, whatever somebody has written', async () => {
    const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
    const known = fc.constantFrom(...Object.keys(asRead().headers!), '__proto__', 'constructor', '');
    const headers = fc.dictionary(
      fc.oneof(known, fc.string()),
      fc.oneof(fc.constant(null), fc.constant(undefined), bytes, fc.array(fc.option(bytes))),
      { noNullPrototype: false },
    );
    const odd = fc.record({
      key: fc.option(bytes),
      headers: fc.oneof(
        fc.constant(undefined),
        headers.map((some) => ({ ...asRead().headers, ...some })),
      ),
    });
    await fc.assert(
      fc.asyncProperty(odd, async (change) => {
        const message = asRead(change as Partial<KafkaMessage>);
        const [record] = await toBatchRecords('orders', [message], codec);
        expect([record!.decoded, record!.undecodable].filter((each) => each !== undefined)).toHaveLength(1);
        expect([null, record!.headers['ce_id']]).toContain(eventIdOf(message));
      }),
    );
  });
});
