import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { Client } from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { portsFromBase } from './layout.ts';
import { freePortBase, PortTaken } from './ports.ts';
import { discardData, openStack, startStack, type Stack } from './stack.ts';
import { StartFailed } from './starting.ts';
import { processesIn, temporaryDataFolder } from './testing/data-folder.ts';

async function query(stack: Stack, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: stack.env['ADMIN_DATABASE_URL']! });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('A stack', { timeout: 120_000 }, () => {
  it('keeps its data over stop and start, and discards it when it starts fresh', async () => {
    const options = { dataDir: temporaryDataFolder(), portBase: await freePortBase(), only: ['postgres'] } as const;
    const first = await startStack(options);
    await query(first, 'CREATE TABLE kept (n int)');
    await first.stop();
    expect(processesIn(options.dataDir)).toEqual([]);

    const again = await startStack(options);
    expect(await query(again, `SELECT to_regclass('kept') IS NOT NULL AS there`)).toEqual([{ there: true }]);

    const fresh = await startStack({ ...options, fresh: true });
    expect(await query(fresh, `SELECT to_regclass('kept') IS NOT NULL AS there`)).toEqual([{ there: false }]);
  });

  it('runs below a folder that only its owner can enter', async () => {
    const closed = path.join(temporaryDataFolder(), 'closed');
    const dataDir = path.join(closed, 'clone/.orderstream');
    mkdirSync(dataDir, { recursive: true });
    chmodSync(closed, 0o700);
    const stack = await startStack({ dataDir, portBase: await freePortBase(), only: ['postgres'] });
    onTestFinished(async () => {
      await stack.stop();
      discardData(dataDir);
    });
    expect(await query(stack, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);

    // Deleting the folder is meant to delete all data, wherever they lie.
    await stack.stop();
    rmSync(dataDir, { recursive: true });
    const again = await startStack({ dataDir, portBase: await freePortBase(), only: ['postgres'] });
    onTestFinished(() => again.stop());
    expect(await query(again, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('keeps its data in a folder of any name, in any locale', async () => {
    vi.stubEnv('LC_ALL', 'C');
    const dataDir = path.join(temporaryDataFolder(), `dätä, \\ "q' %41=#1`);
    const stack = await startStack({ dataDir, portBase: await freePortBase(), only: ['eventstore', 'kafka'] });
    onTestFinished(async () => {
      await stack.stop();
      vi.unstubAllEnvs();
    });
    for (const file of ['eventstore', 'kafka/log/meta.properties']) expect(existsSync(path.join(dataDir, file))).toBe(true);
    expect(
      processesIn(dataDir)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['eventstore', 'kafka']);
  });

  it('says at once that the secret of its passwords is another than the one its databases were made with', async () => {
    const options = { dataDir: temporaryDataFolder(), portBase: await freePortBase(), only: ['postgres'] } as const;
    await (await startStack(options)).stop();
    writeFileSync(path.join(options.dataDir, 'secret'), 'another');
    const start = startStack(options);
    await expect(start).rejects.toThrow(StartFailed);
    await expect(start).rejects.toThrow(/were made with other passwords than those of .*secret/);
    expect(processesIn(options.dataDir)).toEqual([]);
  });

  it('leaves alone what runs already', async () => {
    const options = { dataDir: temporaryDataFolder(), portBase: await freePortBase() };
    await startStack({ ...options, only: ['postgres'] });
    const before = processesIn(options.dataDir);
    await startStack({ ...options, only: ['postgres', 'eventstore'] });
    const after = processesIn(options.dataDir);
    expect(after.map(({ name }) => name).sort()).toEqual(['eventstore', 'postgres']);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it('gives a service the settings that the stack was started with or has got since, whoever starts it, until it starts anew', async () => {
    const options = { dataDir: temporaryDataFolder(), portBase: await freePortBase(), only: ['eventstore'] } as const;
    const stack = await startStack({ ...options, settings: { relay: { SOME_LIMIT_MS: '5' } } });
    expect(stack.environmentOf('relay')).toMatchObject({
      PORT: String(stack.ports['relay']),
      SOME_LIMIT_MS: '5',
    });
    expect(stack.environmentOf('order-service')).not.toHaveProperty('SOME_LIMIT_MS');

    await stack.configure('relay', { LOG_LEVEL: 'debug' });
    const settings = { SOME_LIMIT_MS: '5', LOG_LEVEL: 'debug' };
    expect(openStack(options.dataDir)?.environmentOf('relay')).toMatchObject(settings);
    expect((await startStack(options)).environmentOf('relay')).toMatchObject(settings);

    await stack.stop();
    expect((await startStack(options)).environmentOf('relay')).not.toHaveProperty('SOME_LIMIT_MS');
  });

  it('has the number of brokers that its data was made with, until that is discarded', { timeout: 240_000 }, async () => {
    const options = { dataDir: temporaryDataFolder(), portBase: await freePortBase(), only: ['kafka', 'kafka-2', 'kafka-3'] } as const;
    const stack = await startStack({ ...options, brokers: 3 });
    const brokers = options.only.map((name) => `127.0.0.1:${stack.ports[name]}`).join(',');
    expect(stack.env).toMatchObject({ KAFKA_BROKERS: brokers, KAFKA_REPLICATION_FACTOR: '3' });
    expect(stack.environmentOf('relay')).toMatchObject({ KAFKA_BROKERS: brokers });
    expect(
      stack
        .status()
        .filter(({ name }) => name.startsWith('kafka'))
        .every(({ pid }) => pid !== undefined),
    ).toBe(true);
    await stack.stop();

    expect(processesIn(options.dataDir)).toEqual([]);
    expect(openStack(options.dataDir)?.env).toMatchObject({ KAFKA_BROKERS: brokers });
    await expect(startStack({ ...options, brokers: 1 })).rejects.toThrow(/is of 3 brokers, not of 1: .*--fresh/);
    const fresh = await startStack({ ...options, only: [], brokers: 1, fresh: true });
    expect(fresh.env).toMatchObject({ KAFKA_BROKERS: `127.0.0.1:${stack.ports.kafka}`, KAFKA_REPLICATION_FACTOR: '1' });
    expect(fresh.status().map(({ name }) => name)).not.toContain('kafka-2');
  });

  it('brings a killed server back with its data', async () => {
    const stack = await startStack({ dataDir: temporaryDataFolder(), portBase: await freePortBase(), only: ['postgres'] });
    await query(stack, 'CREATE TABLE kept (n int)');
    await stack.kill('postgres', 'SIGKILL');
    expect(stack.status().find(({ name }) => name === 'postgres')).toMatchObject({ pid: undefined });
    await stack.startServer('postgres');
    expect(await query(stack, `SELECT to_regclass('kept') IS NOT NULL AS there`)).toEqual([{ there: true }]);
  });

  it('names a taken port with its variable and leaves nothing running', async () => {
    const dataDir = temporaryDataFolder();
    const portBase = await freePortBase();
    const taken = createServer().listen(portsFromBase(portBase).eventstore, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const start = startStack({ dataDir, portBase, only: ['postgres', 'eventstore'] });
    await expect(start).rejects.toThrow(PortTaken);
    await expect(start).rejects.toThrow('EVENTSTORE_PORT');
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('finds the taken port of a service before it starts a server', async () => {
    const dataDir = temporaryDataFolder();
    const portBase = await freePortBase();
    const taken = createServer().listen(portsFromBase(portBase).relay, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const said: string[] = [];
    const start = startStack({
      dataDir,
      portBase,
      only: ['eventstore'],
      forServices: ['relay'],
      onProgress: (line) => void said.push(line),
    });
    await expect(start).rejects.toThrow('RELAY_PORT');
    expect({ said, running: processesIn(dataDir) }).toEqual({ said: [], running: [] });
  });

  it('shows the end of the log of a server that fails to start, and ends the others', async () => {
    const dataDir = temporaryDataFolder();
    writeFileSync(path.join(dataDir, 'eventstore'), 'a file where the folder should be');
    const start = startStack({ dataDir, portBase: await freePortBase(), only: ['postgres', 'eventstore'] });
    await expect(start).rejects.toThrow(StartFailed);
    await expect(start).rejects.toThrow(/^eventstore ended with exit code \d+\. The end of its log, .*eventstore\.log:\n {2}\S/);
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('gives up an interrupted start and leaves nothing running', async () => {
    const dataDir = temporaryDataFolder();
    const interrupted = new AbortController();
    const onProgress = (line: string): void => {
      if (line.startsWith('eventstore ready')) interrupted.abort(new Error('Ctrl-C'));
    };
    const start = startStack({
      dataDir,
      portBase: await freePortBase(),
      only: ['eventstore', 'kafka'],
      signal: interrupted.signal,
      onProgress,
    });
    await expect(start).rejects.toThrow('Ctrl-C');
    expect(processesIn(dataDir)).toEqual([]);
  });
});
