import { randomUUID } from 'node:crypto';
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { avroType, contracts } from '@orderstream/contracts';
import { newerContracts } from '@orderstream/contracts/testing';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { SchemaRegistryCodec } from './codec.ts';
import { type Answer, RegistryInBetween } from './testing/registry-in-between.ts';
import { registryUrlOfTests } from './testing/topic-of-a-test.ts';

let between: RegistryInBetween;
let codec: SchemaRegistryCodec;

beforeAll(() => deploySchemas(registryUrlOfTests()));
beforeEach(async () => {
  between = new RegistryInBetween();
  await between.open();
  codec = new SchemaRegistryCodec(between.url);
});
afterEach(() => between.close());

const delivered = { orderId: randomUUID(), deliveredAt: '2026-11-23T10:00:00.000Z' };
const orderDelivered = contracts.versions.find(({ type }) => type === 'OrderDelivered')!;

/** Registers a schema under a subject of its own, and encodes data with it. */
async function encodedWith(schema: object, data: object): Promise<Buffer> {
  const response = await fetch(`${registryUrlOfTests()}/subjects/test-${randomUUID()}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  const { id } = (await response.json()) as { id: number };
  const header = Buffer.alloc(5);
  header.writeInt32BE(id, 1);
  return Buffer.concat([header, avroType(JSON.stringify(schema)).toBuffer(data)]);
}

const lacksEverything = (url: string): Answer =>
  url === '/config'
    ? { status: 200, body: '{"compatibilityLevel":"NONE"}' }
    : { status: 404, body: '{"error_code":40403,"message":"Schema not found"}' };

const causeOf = async (value: Buffer | null): Promise<string | undefined> => (await codec.decode('orders', [value]))[0]!.undecodable;

describe('encoding', () => {
  it('needs the ids of all schemas, which are looked up once and never registered', async () => {
    expect(() => codec.encode('OrderDelivered', 1, delivered)).toThrow('the schema ids are not loaded');
    await codec.load();
    await codec.load();
    expect(between.asked).toHaveLength(contracts.versions.length);
    expect(between.asked).not.toContainEqual(expect.stringContaining('/versions'));

    const value = codec.encode('OrderDelivered', 1, delivered);
    expect(value[0]).toBe(0);
    expect(orderDelivered.avro.fromBuffer(value.subarray(5))).toEqual(delivered);
  });

  it('names the deploy step when the registry lacks a schema', async () => {
    between.answer = lacksEverything;
    await expect(codec.load()).rejects.toMatchObject({ name: 'SchemaNotRegistered', dependency: 'schema-registry' });
    await expect(codec.load()).rejects.toThrow('run `npm run deploy`');
    between.answer = null;
    await codec.load();
  });

  it('refuses data of another shape, and versions that this build does not have', async () => {
    await codec.load();
    expect(() => codec.encode('OrderDelivered', 1, { orderId: delivered.orderId })).toThrow(
      'the data does not fit version 1 of OrderDelivered',
    );
    expect(() => codec.encode('OrderDelivered', 99, delivered)).toThrow('no version 99 of OrderDelivered');
  });

  it('is not spoilt by a value that is longer than those before it', async () => {
    await codec.load();
    const long = { sku: 'A', name: 'x'.repeat(50_000), price: { amount: 1, currency: 'EUR' }, listedAt: delivered.deliveredAt };
    const values = [
      codec.encode('OrderDelivered', 1, delivered),
      codec.encode('ProductListed', 1, long),
      codec.encode('OrderDelivered', 1, delivered),
    ];
    expect((await codec.decode('orders', values)).map(({ event }) => event?.data)).toEqual([delivered, long, delivered]);
  });
});

describe('decoding', () => {
  it('asks for each schema once, however many values have it', async () => {
    await codec.load();
    const value = codec.encode('OrderDelivered', 1, delivered);
    between.asked.length = 0;
    const [first, ...others] = await codec.decode(
      'orders',
      Array.from({ length: 500 }, () => value),
    );
    await Promise.all([codec.decode('orders', [value]), codec.decode('orders', [value])]);
    expect(first).toEqual({ event: { type: 'OrderDelivered', data: delivered } });
    expect(others).toHaveLength(499);
    expect(between.asked).toEqual([expect.stringMatching(/^GET \/schemas\/ids\/\d+/)]);
  });

  it('gives the current version of the event, whichever wrote it', async () => {
    const { fields, ...record } = JSON.parse(orderDelivered.schema) as { fields: { name: string }[] };
    const other = { ...record, fields: [...fields.toReversed(), { name: 'note', type: ['null', 'string'], default: null }] };
    const value = await encodedWith(other, { ...delivered, note: 'left at the door' });
    expect(await codec.decode('orders', [value])).toEqual([{ event: { type: 'OrderDelivered', data: delivered } }]);
  });

  it('reads what older and newer releases wrote as this one means it', async () => {
    await deploySchemas(registryUrlOfTests(), newerContracts.versions);
    const newer = new SchemaRegistryCodec(registryUrlOfTests(), newerContracts);
    await Promise.all([codec.load(), newer.load()]);
    const v1 = { sku: 'TEA', name: 'Tea', price: { amount: 300, currency: 'EUR' }, listedAt: delivered.deliveredAt };
    const values = [codec.encode('ProductListed', 1, v1), newer.encode('ProductListed', 2, { ...v1, brand: 'Hills' })];
    const dataOf = async (by: SchemaRegistryCodec) => (await by.decode('catalog', values)).map(({ event }) => event?.data);
    expect(await dataOf(codec)).toEqual([v1, v1]);
    expect(await dataOf(newer)).toEqual([
      { ...v1, brand: null },
      { ...v1, brand: 'Hills' },
    ]);
  });

  it('names a type that this build lacks when another release has registered it for the topic, and for no other topic', async () => {
    await deploySchemas(registryUrlOfTests(), newerContracts.versions);
    const newer = new SchemaRegistryCodec(registryUrlOfTests(), newerContracts);
    await newer.load();
    const value = newer.encode('ProductPraised', 1, { sku: 'TEA', praisedAt: delivered.deliveredAt });
    expect(await codec.decode('catalog', [value, value])).toEqual(Array.from({ length: 2 }, () => ({ foreignType: 'ProductPraised' })));
    expect(between.asked).toHaveLength(2);
    expect(await causeOf(value)).toMatch(
      /ProductPraised\) can't be read: no contract of this build declares it, nor is it registered for orders$/,
    );
    expect(await codec.isRegistered('catalog', 'ProductPraised')).toBe(true);
    expect(await codec.isRegistered('orders', 'ProductPraised')).toBe(false);
    expect(await codec.isRegistered('catalog', '$-no/name')).toBe(false);
  });

  it('says what is wrong with a value, and hinders no other', async () => {
    await codec.load();
    const sound = codec.encode('OrderDelivered', 1, delivered);
    const unknown = Buffer.from(sound);
    unknown.writeInt32BE(2_000_000_000, 1);
    const unreadable = {
      type: 'record',
      namespace: 'orderstream.orders',
      name: 'OrderDelivered',
      fields: [{ name: 'orderId', type: 'string' }],
    };
    const stranger = { type: 'record', namespace: 'elsewhere', name: 'OrderDelivered', fields: [] };
    const unheardOf = { type: 'record', namespace: 'orderstream.orders', name: 'OrderTeleported', fields: [] };
    const values = [
      null,
      Buffer.alloc(0),
      Buffer.from([0, 0, 0]),
      Buffer.from('{"orderId":1}'),
      unknown,
      sound.subarray(0, -1),
      Buffer.concat([sound, Buffer.from([1])]),
      await encodedWith(unreadable, { orderId: 'x' }),
      await encodedWith(stranger, {}),
      await encodedWith(unheardOf, {}),
      sound,
    ];
    const decoded = await codec.decode('orders', values);
    expect(decoded.map(({ undecodable }) => undecodable)).toEqual([
      'the record has no value',
      'truncated: 0 bytes are too few for a schema id',
      'truncated: 3 bytes are too few for a schema id',
      'no magic byte: the value begins with 0x7b, not with a schema id',
      'the schema registry has no schema with id 2000000000',
      expect.stringMatching(/^the value is not a OrderDelivered of schema \d+: truncated/),
      expect.stringMatching(/^the value is not a OrderDelivered of schema \d+: trailing/),
      expect.stringMatching(/^schema \d+ \(orderstream\.orders\.OrderDelivered\) can't be read: .*deliveredAt/),
      expect.stringMatching(
        /^schema \d+ \(elsewhere\.OrderDelivered\) can't be read: the contract's full name is orderstream\.orders\.OrderDelivered$/,
      ),
      expect.stringMatching(
        /^schema \d+ \(orderstream\.orders\.OrderTeleported\) can't be read: no contract of this build declares it, nor is it registered for orders$/,
      ),
      undefined,
    ]);
    expect(decoded.at(-1)!.event).toEqual({ type: 'OrderDelivered', data: delivered });
  });

  it('asks again for an id that the registry did not know', async () => {
    await codec.load();
    const value = codec.encode('OrderDelivered', 1, delivered);
    between.answer = lacksEverything;
    expect(await causeOf(value)).toContain('no schema with id');
    between.answer = null;
    expect(await causeOf(value)).toBeUndefined();
  });

  it('waits for a registry that is away, or that is none', async () => {
    await codec.load();
    const value = codec.encode('OrderDelivered', 1, delivered);
    const unavailable = { name: 'DependencyUnavailable', dependency: 'schema-registry' };
    between.answer = () => ({ status: 500, body: '{"error_code":50001,"message":"store"}' });
    await expect(codec.decode('orders', [value])).rejects.toMatchObject(unavailable);
    between.answer = () => ({ status: 404, body: '{"message":"no such page"}' });
    await expect(codec.decode('orders', [value])).rejects.toMatchObject(unavailable);
    await expect(new SchemaRegistryCodec(between.url).load()).rejects.toThrow(`there is none at ${between.url}`);
    await between.close();
    await expect(codec.decode('orders', [value])).rejects.toMatchObject(unavailable);
  });
});

it('speaks the wire format of the registry library that others use, in both directions', async () => {
  const library = new SchemaRegistry({ host: registryUrlOfTests() });
  await codec.load();
  const value = codec.encode('OrderDelivered', 1, delivered);
  const asTheLibrarySeesIt = { ...delivered, deliveredAt: Date.parse(delivered.deliveredAt) };
  expect(await library.decode(value)).toEqual(asTheLibrarySeesIt);
  expect(await library.encode(value.readInt32BE(1), asTheLibrarySeesIt)).toEqual(value);
});
