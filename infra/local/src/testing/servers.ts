// The servers of the integration tests: those that the environment names, or a stack of their own on free ports.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePortBase } from '../ports.ts';
import { startStack } from '../stack.ts';
import ownFolder from './own-folder.ts';

const variables = {
  TEST_KAFKA_BROKERS: 'KAFKA_BROKERS',
  TEST_SCHEMA_REGISTRY_URL: 'SCHEMA_REGISTRY_URL',
  TEST_DATABASE_URL: 'ADMIN_DATABASE_URL',
  TEST_EVENTSTORE_URL: 'EVENTSTORE_URL',
} as const;

export default async function setUp(): Promise<(() => Promise<void>) | undefined> {
  if (Object.keys(variables).every((name) => process.env[name] !== undefined)) return undefined;
  ownFolder();
  const stack = await startStack({ dataDir: mkdtempSync(path.join(tmpdir(), 'orderstream-test-')), portBase: await freePortBase() });
  for (const [name, own] of Object.entries(variables)) process.env[name] = stack.env[own];
  return () => stack.stop();
}
