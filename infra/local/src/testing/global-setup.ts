// The servers of the integration tests: those that the environment names, or a stack of their own on free ports.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePortBase } from '../ports.ts';
import { stackProcesses } from '../processes.ts';
import { discardData, startStack } from '../stack.ts';

const variables = {
  TEST_KAFKA_BROKERS: 'KAFKA_BROKERS',
  TEST_SCHEMA_REGISTRY_URL: 'SCHEMA_REGISTRY_URL',
  TEST_DATABASE_URL: 'ADMIN_DATABASE_URL',
  TEST_EVENTSTORE_URL: 'EVENTSTORE_URL',
} as const;

/** An interrupted run tears nothing down: this does, and may, because the data is thrown away anyhow. */
function killAtExit(dataDir: string): () => void {
  const kill = (): void => {
    for (const { stack, pid } of stackProcesses()) if (stack === dataDir) process.kill(pid, 'SIGKILL');
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
  };
  process.once('exit', kill);
  for (const [signal, exitCode] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.once(signal, () => process.exit(exitCode));
  }
  return () => process.removeListener('exit', kill);
}

export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (Object.keys(variables).every((name) => process.env[name] !== undefined)) return undefined;
  const dataDir = mkdtempSync(path.join(tmpdir(), 'orderstream-test-'));
  const tornDown = killAtExit(dataDir);
  const stack = await startStack({ dataDir, portBase: await freePortBase() });
  for (const [name, own] of Object.entries(variables)) process.env[name] = stack.env[own];
  return async () => {
    await stack.stop();
    discardData(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
    tornDown();
  };
}
