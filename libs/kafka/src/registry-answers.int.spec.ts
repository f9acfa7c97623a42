import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { beforeAll, expect, it } from 'vitest';
import { deploySchemas } from '../../../infra/deploy/src/schemas.ts';
import { SchemaRegistryCodec } from './codec.ts';
import { type Answer, RegistryInBetween } from './testing/registry-in-between.ts';
import { registryUrlOfTests } from './testing/topic-of-a-test.ts';

/** Longer than the codec's own limit, and far shorter than for ever. */
const WITHIN_MS = 12_000;
const page = '<!doctype html><title>Sign in</title>';
const inBytes = (response: ServerResponse, bytes: string): void => void response.socket!.end(bytes);

/** Whatever may answer in the place of a registry, or in its name while it is not well. */
const oddAnswers: Readonly<Record<string, Answer>> = {
  'a connection that is reset': (response) => response.socket!.resetAndDestroy(),
  'a connection that is closed': (response) => response.socket!.destroy(),
  'an answer that breaks off': (response) =>
    inBytes(response, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"schema"'),
  'a chunked answer that breaks off': (response) =>
    inBytes(response, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"schema"\r\n'),
  'what is not HTTP': (response) => inBytes(response, 'SSH-2.0-OpenSSH_9.2\r\n'),
  'nothing at all': () => {},
  'a body that never comes': (response) => response.writeHead(200, { 'content-length': '500' }).flushHeaders(),
  'a body that comes in drops': (response) => {
    response.writeHead(200);
    const drops = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(drops));
  },
  'a page': { status: 200, body: page, type: 'text/html' },
  'a page that is said to be JSON': { status: 200, body: page },
  'an image': { status: 200, body: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]), type: 'image/png' },
  'nothing in 200': { status: 200, body: '' },
  'nothing in 204': (response) => void response.writeHead(204).end(),
  'an empty object': { status: 200, body: '{}' },
  null: { status: 200, body: 'null' },
  'a list': { status: 200, body: '[{"id":1,"schema":"\\"string\\""}]' },
  'a string': { status: 200, body: '"OK"' },
  'fields of other types': { status: 200, body: '{"id":"7","schema":{"type":"string"}}' },
  'an id that is no integer': { status: 200, body: '{"id":1.5,"schema":null}' },
  'an id out of range': { status: 200, body: '{"id":2147483648,"schema":["string"]}' },
  'an id below zero': { status: 200, body: '{"id":-1,"schema":17}' },
  '201': { status: 201, body: '{"id":1,"schema":"\\"string\\""}' },
  'a redirection in a circle': (response) => void response.writeHead(302, { location: '/' }).end(),
  '400': { status: 400, body: '{"error_code":400,"message":"bad"}' },
  '401': { status: 401, body: 'Unauthorized', type: 'text/plain' },
  '403': { status: 403, body: page, type: 'text/html' },
  "a proxy's 404": { status: 404, body: page, type: 'text/html' },
  "a wrong path's 404": { status: 404, body: '{"error_code":404,"message":"HTTP 404 Not Found"}' },
  '429': { status: 429, body: '' },
  '500': { status: 500, body: '{"error_code":50001,"message":"Error in the backend data store"}' },
  '502': { status: 502, body: 'Bad Gateway', type: 'text/plain' },
};

let sound: Buffer;

const delivered = { orderId: randomUUID(), deliveredAt: '2026-11-23T10:00:00.000Z' };
const outage = {
  name: 'DependencyUnavailable',
  dependency: 'schema-registry',
  message: expect.stringMatching(/^schema-registry does not answer: ./),
};

beforeAll(async () => {
  await deploySchemas(registryUrlOfTests());
  const codec = new SchemaRegistryCodec(registryUrlOfTests());
  await codec.load();
  sound = codec.encode('OrderDelivered', 1, delivered);
});

async function inBetween(test: (between: RegistryInBetween) => Promise<void>): Promise<void> {
  const between = new RegistryInBetween();
  await between.open();
  try {
    await test(between);
  } finally {
    await between.close();
  }
}

async function within<T>(promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`nothing within ${WITHIN_MS} ms`)), WITHIN_MS);
  return await Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

it.concurrent.each(Object.entries(oddAnswers))(
  '%s in the place of the registry is an outage at start and in mid-work, leaves nothing behind, and is over with the next call',
  (_, answer) =>
    inBetween(async (between) => {
      const codec = new SchemaRegistryCodec(between.url);
      between.answer = () => answer;
      await Promise.all([
        expect(within(codec.load())).rejects.toMatchObject(outage),
        expect(within(codec.decode('orders', [sound]))).rejects.toMatchObject(outage),
        expect(within(codec.decode('orders', [sound, sound]))).rejects.toMatchObject(outage),
      ]);
      expect(() => codec.encode('OrderDelivered', 1, delivered)).toThrow('the schema ids are not loaded');

      between.answer = null;
      await codec.load();
      expect(codec.encode('OrderDelivered', 1, delivered)).toEqual(sound);
      expect(await codec.decode('orders', [sound])).toEqual([{ event: { type: 'OrderDelivered', data: delivered } }]);
    }),
);

it.concurrent.each(['http://127.0.0.1:1', 'https://127.0.0.1:1'])('a registry at %s is an outage, too', async (url) => {
  const codec = new SchemaRegistryCodec(url);
  await expect(within(codec.load())).rejects.toMatchObject(outage);
  await expect(within(codec.decode('orders', [sound]))).rejects.toMatchObject(outage);
});

it('a server without TLS where TLS is expected is an outage, too', () =>
  inBetween(async (between) => {
    const codec = new SchemaRegistryCodec(between.url.replace('http:', 'https:'));
    await expect(within(codec.load())).rejects.toMatchObject(outage);
  }));

it('the credentials in its address reach it, from a codec and from the deploy step', () =>
  inBetween(async (between) => {
    between.authorization = `Basic ${Buffer.from('reader:p@ss').toString('base64')}`;
    const addressWith = (password: string): string => between.url.replace('//', `//reader:${encodeURIComponent(password)}@`);
    const codec = new SchemaRegistryCodec(addressWith('p@ss'));
    await codec.load();
    expect(await codec.decode('orders', [sound])).toEqual([{ event: { type: 'OrderDelivered', data: delivered } }]);
    expect(await deploySchemas(addressWith('p@ss'))).toBe(0);
    await expect(new SchemaRegistryCodec(addressWith('another')).load()).rejects.toMatchObject(outage);
    await expect(deploySchemas(addressWith('another'))).rejects.toThrow('with 401');
  }));

it('a schema that is text, and no Avro, is asked for once; whatever else was said instead is asked for again', () =>
  inBetween(async (between) => {
    const codec = new SchemaRegistryCodec(between.url);
    const texts = ['<schema/>', 'null', '{"type":"recard"}', '{"type":"object","properties":{}}', 'syntax = "proto3";'];
    for (const [index, schema] of texts.entries()) {
      const value = Buffer.from(sound);
      value.writeInt32BE(1_000_000 + index, 1);
      between.answer = () => ({ status: 200, body: JSON.stringify({ schema }) });
      const [decoded] = await codec.decode('orders', [value]);
      expect(decoded!.undecodable).toMatch(new RegExp(`^schema ${1_000_000 + index} `));
      between.asked.length = 0;
      between.answer = () => ({ status: 500, body: '' });
      expect(await codec.decode('orders', [value])).toEqual([decoded]);
      expect(between.asked).toEqual([]);
    }
  }));
