import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { portsFromBase } from './layout.ts';
import { assertPortsFree, freePortBase, isPortFree, PortTaken } from './ports.ts';

async function listen(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('A port', () => {
  it.each(['127.0.0.1', '0.0.0.0'])('is taken when another program listens on %s', async (host) => {
    expect(await isPortFree(await listen(host))).toBe(false);
  });

  it('that is taken is named with the variable that moves it', async () => {
    const ports = { ...portsFromBase(await freePortBase()), kafka: await listen('127.0.0.1') };
    const check = assertPortsFree(['postgres', 'kafka'], ports);
    await expect(check).rejects.toThrow(PortTaken);
    await expect(check).rejects.toThrow(`Port ${ports.kafka} for kafka is taken: set KAFKA_PORT`);
    await expect(check).rejects.not.toThrow('POSTGRES_PORT');
  });

  it('range for a stack is free as a whole', async () => {
    const ports = portsFromBase(await freePortBase());
    expect(await Promise.all(Object.values(ports).map(isPortFree))).not.toContain(false);
  });
});
