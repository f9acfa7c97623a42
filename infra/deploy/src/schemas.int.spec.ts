import { randomUUID } from 'node:crypto';
import { contracts } from '@orderstream/contracts';
import { describe, expect, it } from 'vitest';
import { deploySchemas } from './schemas.ts';

const registry = (): string => process.env['TEST_SCHEMA_REGISTRY_URL']!;
const text = (fields: readonly object[]): string => JSON.stringify({ type: 'record', namespace: 'test', name: 'Thing', fields });
const id = { name: 'id', type: 'string' };
const note = { name: 'note', type: ['null', 'string'], default: null };

async function get(path: string): Promise<unknown> {
  return (await fetch(registry() + path)).json();
}

describe('the schemas of the contracts', () => {
  it('are registered once, each subject FULL_TRANSITIVE', async () => {
    await deploySchemas(registry());
    expect(await deploySchemas(registry())).toBe(0);
    for (const { subject, schema } of [contracts.versions[0]!, contracts.versions.at(-1)!]) {
      expect(await get(`/config/${subject}`)).toEqual({ compatibilityLevel: 'FULL_TRANSITIVE' });
      expect(JSON.parse(((await get(`/subjects/${subject}/versions/latest`)) as { schema: string }).schema)).toEqual(JSON.parse(schema));
    }
  });

  it('get their versions in order, and old ones are left alone when there are newer', async () => {
    const subject = `test-${randomUUID()}`;
    const versions = [
      { subject, version: 1, schema: text([id]) },
      { subject, version: 2, schema: text([id, note]) },
    ];
    expect(await deploySchemas(registry(), versions)).toBe(2);
    expect(await get(`/subjects/${subject}/versions`)).toEqual([1, 2]);
    expect(await deploySchemas(registry(), versions)).toBe(0);
    expect(await get(`/subjects/${subject}/versions`)).toEqual([1, 2]);
  });

  it('are registered by each of several deployments at once', async () => {
    const subjects = Array.from({ length: 3 }, () => `test-${randomUUID()}`);
    const versions = subjects.flatMap((subject) => [
      { subject, version: 1, schema: text([id]) },
      { subject, version: 2, schema: text([id, note]) },
    ]);
    await Promise.all(Array.from({ length: 8 }, () => deploySchemas(registry(), versions)));
    for (const subject of subjects) expect(await get(`/subjects/${subject}/versions`)).toEqual([1, 2]);
  });

  it('are refused when a reader of another version could not follow, naming the version', async () => {
    const subject = `test-${randomUUID()}`;
    const first = { subject, version: 1, schema: text([id]) };
    const incompatible = { subject, version: 2, schema: text([id, { name: 'amount', type: 'long' }]) };
    await expect(deploySchemas(registry(), [first, incompatible])).rejects.toThrow(
      `version 2 of ${subject} is not FULL_TRANSITIVE compatible with the versions before it`,
    );
    expect(await get(`/subjects/${subject}/versions`)).toEqual([1]);
  });
});
