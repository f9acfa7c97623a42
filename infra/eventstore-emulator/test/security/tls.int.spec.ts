import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { devCertificate } from '../../src/security/certificate.ts';
import { EmulatorProcess, SECURE, read } from '../emulator-process.ts';
import { RawClient, basic, wireMessage } from '../wire.ts';

const KURRENT = join(import.meta.dirname, 'kurrent-over-tls.ts');
const GOSSIP = '/event_store.client.gossip.Gossip/Read';
let emulator: EmulatorProcess;
let ca: Buffer;

beforeAll(async () => {
  emulator = await EmulatorProcess.start({ ...SECURE, args: ['--faults'] });
  ca = readFileSync(emulator.caFile!);
});
afterAll(() => emulator.remove());

/** An HTTP request whose server must prove who it is. */
async function ask(
  path: string,
  { method = 'GET', authorization, body = '' }: { method?: string; authorization?: string; body?: string } = {},
) {
  const sent = request({
    host: 'localhost',
    port: emulator.port,
    path,
    method,
    ca,
    headers: authorization === undefined ? {} : { authorization },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const ADMIN = { authorization: basic('admin', 'changeit') };

describe('Over TLS', () => {
  it('clients that trust the certificate append and read', async () => {
    const client = emulator.client();
    await client.appendToStream('thing-1', jsonEvent({ type: 'Happened', data: { a: 1 } }), { expectedRevision: 'no_stream' });
    expect(await read(client.readStream('thing-1'))).toMatchObject([{ type: 'Happened', data: { a: 1 } }]);
  });

  it('clients that do not trust it are kept from telling their password', async () => {
    const raw = new RawClient(emulator.port, 'localhost', { ca: readFileSync((await devCertificate(newFolder(), [])).caFile) });
    onTestFinished(() => raw.close());
    await expect(raw.unary(GOSSIP, Buffer.alloc(0))).rejects.toMatchObject({ code: 14 });
  });

  it("KurrentDB's client appends and reads through its bridge, too", async () => {
    const url = emulator.url.replace(/^esdb/, 'kurrentdb');
    const { stdout } = await promisify(execFile)(process.execPath, [KURRENT, url], { timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({ seen: [{ n: 1 }, { n: 2 }], denied: 'access-denied' });
  });

  it('clients are led to the address that they used, without credentials', async () => {
    const discovering = EventStoreDBClient.connectionString(emulator.url.replace('esdb://', 'esdb+discover://'));
    onTestFinished(() => discovering.dispose());
    await expect(Array.fromAsync(discovering.readAll({ maxCount: 1 }))).resolves.toHaveLength(1);
    const raw = new RawClient(emulator.port, 'localhost', { ca });
    onTestFinished(() => raw.close());
    expect(wireMessage('ClusterInfo').decode(await raw.unary(GOSSIP, Buffer.alloc(0)))).toMatchObject({
      members: [{ httpEndPoint: { address: 'localhost', port: emulator.port } }],
    });
  });

  it('who speaks plainly, or says nothing, gets no answer and does no harm', async () => {
    const plain = connect(emulator.port, '127.0.0.1');
    plain.write('GET /info HTTP/1.1\r\n\r\n');
    plain.resume();
    await once(plain, 'close');
    const silent = connect(emulator.port, '127.0.0.1');
    onTestFinished(() => void silent.destroy());
    await once(silent, 'connect');
    expect((await ask('/info')).status).toBe(200);
  });

  it('who takes both kinds of HTTP is given the one that has pages', async () => {
    const socket = connectTls({ host: 'localhost', port: emulator.port, ca, ALPNProtocols: ['h2', 'http/1.1'] });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).toBe('http/1.1');
  });
});

describe('Pages over TLS', () => {
  it('are for all where nothing is told that is worth hiding', async () => {
    expect((await ask('/health/live')).status).toBe(204);
    const info = await ask('/info');
    expect(JSON.parse(info.body)).toMatchObject({
      authentication: { type: 'internal' },
      features: { userManagement: true, projections: true },
    });
    expect(JSON.parse((await ask('/gossip')).body)).toMatchObject({ members: [{ state: 'Leader' }] });
  });

  it('are for users where figures are told, and for administrators where faults are made', async () => {
    expect([(await ask('/stats')).status, (await ask('/stats', ADMIN)).status]).toEqual([401, 200]);
    const ops = { authorization: basic('ops', 'changeit') };
    expect([(await ask('/faults')).status, (await ask('/faults', ops)).status, (await ask('/faults', ADMIN)).status]).toEqual([
      401, 401, 200,
    ]);
  });

  it('are for nobody with wrong credentials', async () => {
    const refused = await ask('/info', { authorization: basic('admin', 'wrong') });
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'X-Basic realm="ESDB"']);
  });

  it('that are not there are not there for anybody', async () => {
    for (const path of ['/streams/thing-1', '/constructor']) expect((await ask(path, ADMIN)).status).toBe(404);
  });
});

describe('Connections over TLS', () => {
  it('are broken off as others are, when a test asks for it', async () => {
    const raw = new RawClient(emulator.port, 'localhost', { ca, ...ADMIN });
    onTestFinished(() => raw.close());
    const stats = raw.serverStream(
      '/event_store.client.monitoring.Monitoring/Stats',
      wireMessage('monitoring.StatsReq').encode({ refreshTimePeriodInMs: 60_000 }),
    );
    await once(stats, 'data');
    const broken = once(stats, 'error');
    expect((await ask('/faults', { ...ADMIN, method: 'POST', body: '{"fault":"drop-connections"}' })).status).toBe(204);
    expect((await broken)[0]).toMatchObject({ code: 14 });
  });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'eventstore-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('A certificate', () => {
  it("of the server's own is trusted after a restart", async () => {
    emulator = await emulator.restart('SIGKILL', SECURE);
    expect(readFileSync(emulator.caFile!)).toEqual(ca);
    const raw = new RawClient(emulator.port, '127.0.0.1', { ca, ...ADMIN });
    onTestFinished(() => raw.close());
    await expect(raw.unary(GOSSIP, Buffer.alloc(0))).resolves.not.toHaveLength(0);
  });

  it('is taken from files', async () => {
    const folder = newFolder();
    const { context, caFile } = await devCertificate(folder, []);
    const [certificate, key] = [join(folder, 'node.pem'), join(folder, 'node.key')];
    writeFileSync(certificate, context.cert as string);
    writeFileSync(key, context.key as string);
    const args = ['--certificate-file', certificate, '--certificate-private-key-file', key];
    const withFiles = await EmulatorProcess.start({ mode: [], args });
    onTestFinished(() => withFiles.remove());
    const raw = new RawClient(withFiles.port, 'localhost', { ca: readFileSync(caFile) });
    onTestFinished(() => raw.close());
    await expect(raw.unary(GOSSIP, Buffer.alloc(0))).resolves.not.toHaveLength(0);
  });

  it('that is missing or none keeps the server from starting, and says how to give one', async () => {
    await expect(EmulatorProcess.start({ mode: [] })).rejects.toThrow(
      /exit 78: .*--certificate-file and --certificate-private-key-file .*--dev .*--insecure/,
    );
    const none = join(newFolder(), 'none.pem');
    const args = ['--certificate-file', none, '--certificate-private-key-file', none];
    await expect(EmulatorProcess.start({ mode: [], args })).rejects.toThrow(
      /exit 78: .*--certificate-file and --certificate-private-key-file can't be used: ENOENT/,
    );
  });
});
