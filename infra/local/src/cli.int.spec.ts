import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePortBase } from './ports.ts';
import { stackProcesses } from './processes.ts';
import { processesIn, temporaryDataFolder } from './testing/data-folder.ts';

const run = promisify(execFile);
const cli = path.join(import.meta.dirname, 'cli.ts');
const START_TIMEOUT_MS = 240_000;

async function stack(args: readonly string[], dataDir: string, portBase: number): Promise<string> {
  const env = { ...process.env, ORDERSTREAM_DATA: dataDir, ORDERSTREAM_PORT_BASE: String(portBase) };
  return (await run(process.execPath, [cli, ...args], { env })).stdout;
}

describe('npm run stack', { timeout: START_TIMEOUT_MS }, () => {
  it('starts servers that go on without it, says where they are and stops them', async () => {
    const dataDir = temporaryDataFolder();
    const base = await freePortBase();
    const up = await stack(['up', '--servers-only'], dataDir, base);
    expect(up).toContain(`schema-registry ready on port ${base + 16}`);
    expect(up).toContain(`Stop with: ORDERSTREAM_DATA=${dataDir} npm run stack -- down`);

    // The ports are those that it was started on, whatever the environment says later.
    const status = await stack(['status'], dataDir, base + 100).catch((error: { stdout: string }) => error.stdout);
    expect(status).toMatch(new RegExp(`^kafka +port ${base + 14} +running, pid \\d+$`, 'm'));
    expect(status).toMatch(new RegExp(`^order-service +port ${base} +stopped$`, 'm'));
    expect(await stack(['logs', 'kafka'], dataDir, base)).toContain('Kafka');

    const pidOf = (name: string): number | undefined => processesIn(dataDir).find((each) => each.name === name)?.pid;
    const [eventstore, kafka] = [pidOf('eventstore'), pidOf('kafka')];
    expect(await stack(['restart', 'eventstore'], dataDir, base)).toContain(`eventstore ready on port ${base + 13}`);
    expect(pidOf('eventstore')).not.toBe(eventstore);
    expect(pidOf('kafka')).toBe(kafka);

    expect(await stack(['down'], dataDir, base)).toContain('kafka');
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('down ends what a killed owner left, and no stack whose owner lives', async () => {
    const abandoned = temporaryDataFolder();
    const owned = temporaryDataFolder();
    const start = async (dataDir: string) => {
      const program = `import { startStack } from ${JSON.stringify(path.join(import.meta.dirname, 'stack.ts'))};
        await startStack({ dataDir: ${JSON.stringify(dataDir)}, portBase: ${await freePortBase()}, only: ['postgres', 'eventstore'] });
        console.log('ready');
        setInterval(() => {}, 60_000);`;
      const owner = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void owner.kill('SIGKILL'));
      await once(owner.stdout, 'data');
      return owner;
    };
    const [killed, living] = [await start(abandoned), await start(owned)];
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(
      processesIn(abandoned)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['eventstore', 'postgres']);

    await stack(['down'], temporaryDataFolder(), await freePortBase());
    expect(stackProcesses().filter((each) => each.stack === abandoned)).toEqual([]);
    expect(living.exitCode).toBeNull();
    expect(processesIn(owned)).toHaveLength(2);
  });
});
