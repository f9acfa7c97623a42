import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { get as getOverTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { devCertificate } from '../security/certificate.ts';
import { SharedPort } from './shared-port.ts';

async function certificate(): Promise<SecureContextOptions> {
  const folder = mkdtempSync(join(tmpdir(), 'eventstore-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return (await devCertificate(folder, [])).context;
}

describe('A port that is closed', () => {
  it.each([
    ['plain', get, async () => undefined],
    ['TLS', getOverTls, certificate],
  ])('throws out who connected and never said anything (%s)', async (_kind, ask, read) => {
    const port = new SharedPort(
      () => {},
      (_request, response) => void response.end(),
      await read(),
    );
    const bound = await port.listen('127.0.0.1', 0);
    const silent = connect(bound, '127.0.0.1');
    onTestFinished(() => void silent.destroy());
    const thrownOut = new Promise((resolve) => silent.on('error', () => {}).once('close', resolve));
    await once(silent, 'connect');
    // Who connects later is answered later: the silent one is in by then.
    await once(ask({ host: '127.0.0.1', port: bound, rejectUnauthorized: false }), 'response');
    const startedAtMs = performance.now();
    await port.close(10);
    await thrownOut;
    // Sooner than a handshake would be given up.
    expect(performance.now() - startedAtMs).toBeLessThan(5000);
  });
});
