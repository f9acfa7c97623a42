import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emulatorFolders, rules, violations } from './boundaries.ts';

const ours = (path: string): string => `import { a } from '${path}';\nexport const b = a;\n`;
const target = 'export const a = 1;\n';
const up = '../../../';
const contracts = `${up}libs/contracts/src/index.ts`;
const service = `${up}libs/service/src/index.ts`;

const emulator = 'infra/eventstore-emulator/src';
/** What a folder of the emulator may least import: the next one, or what composes them all. */
const above = (index: number): string => (index + 1 < emulatorFolders.length ? `${emulatorFolders[index + 1]}/y.ts` : 'emulator.ts');

/** By rule: a file that breaks it, and its text. */
const breaking: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'contracts-imports-ours': ['libs/contracts/src/x.ts', ours(`${up}libs/kafka/src/index.ts`)],
  'contracts-imports-package': ['libs/contracts/src/x.ts', ours('kafkajs')],
  'contracts-imports-built-in': ['libs/contracts/src/x.ts', ours('node:fs')],
  'event-sourcing-imports-ours': ['libs/event-sourcing/src/x.ts', ours(`${up}libs/messaging/src/index.ts`)],
  'event-sourcing-imports-package': ['libs/event-sourcing/src/x.ts', ours('@nestjs/common')],
  'messaging-imports-ours': ['libs/messaging/src/x.ts', ours(`${up}libs/event-sourcing/src/index.ts`)],
  'messaging-imports-package': ['libs/messaging/src/x.ts', ours('kafkajs')],
  'eventstoredb-imports-ours': ['libs/eventstoredb/src/x.ts', ours(`${up}libs/messaging/src/index.ts`)],
  'eventstoredb-imports-package': ['libs/eventstoredb/src/x.ts', ours('kafkajs')],
  'kafka-imports-ours': ['libs/kafka/src/x.ts', ours(`${up}libs/postgres/src/index.ts`)],
  'kafka-imports-package': ['libs/kafka/src/x.ts', ours('@nestjs/common')],
  'kafka-transport-imports-ours': ['libs/kafka/src/batch-consumer.ts', ours(service)],
  'kafka-transport-imports-package': ['libs/kafka/src/batch-consumer.ts', ours('@nestjs/core')],
  'postgres-imports-ours': ['libs/postgres/src/x.ts', ours(`${up}libs/kafka/src/index.ts`)],
  'postgres-imports-package': ['libs/postgres/src/x.ts', ours('@nestjs/common')],
  'personal-data-imports-ours': ['libs/personal-data/src/x.ts', ours(contracts)],
  'personal-data-imports-package': ['libs/personal-data/src/x.ts', ours('typeorm')],
  'platform-imports-ours': ['libs/platform/src/x.ts', ours(`${up}apps/payment-service/src/y.ts`)],
  'platform-imports-package': ['libs/platform/src/x.ts', ours('kafkajs')],
  'platform-imports-built-in': ['libs/platform/src/x.ts', ours('node:fs')],
  'service-imports-ours': ['libs/service/src/x.ts', ours(`${up}libs/postgres/src/index.ts`)],
  'service-imports-package': ['libs/service/src/x.ts', ours('typeorm')],
  'domain-imports-ours': ['apps/order-service/src/domain/x.ts', ours('../y.ts')],
  'domain-imports-package': ['apps/order-service/src/domain/x.ts', ours('zod')],
  'domain-imports-built-in': ['apps/order-service/src/domain/x.ts', ours('node:crypto')],
  'services-imports-ours': ['infra/services/src/x.ts', ours(contracts)],
  'services-imports-package': ['infra/services/src/x.ts', ours('zod')],
  'services-imports-built-in': ['infra/services/src/x.ts', ours('node:fs')],
  'local-stack-imports-ours': ['infra/local/src/x.ts', ours(contracts)],
  'local-stack-imports-package': ['infra/local/src/x.ts', ours('zod')],
  'eventstore-emulator-imports-ours': ['infra/eventstore-emulator/src/x.ts', ours(contracts)],
  'eventstore-emulator-imports-package': ['infra/eventstore-emulator/src/x.ts', ours('zod')],
  'acceptance-imports-ours': ['infra/acceptance/src/x.ts', ours(`${up}apps/payment-service/src/y.ts`)],
  'acceptance-imports-package': ['infra/acceptance/src/x.ts', ours('typeorm')],
  'simulation-imports-ours': ['infra/simulation/src/x.ts', ours('../../acceptance/src/y.ts')],
  'simulation-imports-package': ['infra/simulation/src/x.ts', ours('pg')],
  'bench-imports-ours': ['infra/bench/src/x.ts', ours(service)],
  'bench-imports-package': ['infra/bench/src/x.ts', ours('typeorm')],
  'pages-imports-ours': ['infra/pages/src/x.ts', ours(`${up}apps/payment-service/src/y.ts`)],
  'pages-imports-package': ['infra/pages/src/x.ts', ours('zod')],
  'app-imports-app': ['apps/order-service/src/x.ts', ours(`${up}apps/payment-service/src/y.ts`)],
  'lib-imports-app': ['libs/postgres/src/x.spec.ts', ours(`${up}apps/payment-service/src/y.ts`)],
  'pure-acceptance-imports': ['infra/acceptance/src/shop/random.ts', ours('node:crypto')],
  'production-imports-tests': ['apps/order-service/src/x.ts', ours('./y.spec.ts')],
  ...Object.fromEntries(
    emulatorFolders.map((folder, index) => [`emulator-${folder}-imports-up`, [`${emulator}/${folder}/x.ts`, ours(`../${above(index)}`)]]),
  ),
  'conformance-loads-one-client': [
    'infra/eventstore-emulator/test/conformance/x.int.spec.ts',
    "import { jsonEvent } from '@eventstore/db-client';\nexport const x = jsonEvent;\n",
  ],
  circular: ['apps/order-service/src/x.ts', ours('./circle.ts')],
  'not-resolvable': ['apps/order-service/src/x.ts', ours('@orderstream/nowhere')],
};

const surroundings = {
  'apps/order-service/src/y.ts': target,
  'apps/order-service/src/y.spec.ts': target,
  'apps/order-service/src/circle.ts': "import type { b } from './x.ts';\nexport const a = (): typeof b => 1;\n",
  'apps/payment-service/src/y.ts': target,
  'infra/acceptance/src/y.ts': target,
  ...Object.fromEntries(emulatorFolders.map((_, index) => [`${emulator}/${above(index)}`, target])),
  ...Object.fromEntries(
    ['contracts', 'event-sourcing', 'messaging', 'kafka', 'postgres', 'service'].map((lib) => [`libs/${lib}/src/index.ts`, target]),
  ),
};

describe('The boundary check', () => {
  let root: string;
  const write = (file: string, text: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'boundaries-'));
    symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
    mkdirSync(join(root, 'infra'));
    for (const [file, text] of Object.entries(surroundings)) write(file, text);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('has a case here for every rule', () => {
    expect(Object.keys(breaking).sort()).toEqual(rules.map((rule) => rule.name).sort());
  });

  it('knows every folder of the emulator', () => {
    const found = readdirSync(join(import.meta.dirname, '../../..', emulator), { withFileTypes: true }).filter((each) =>
      each.isDirectory(),
    );
    expect(found.map(({ name }) => name).sort()).toEqual([...emulatorFolders].sort());
  });

  it.each(Object.entries(breaking))('fires for %s', async (rule, [file, text]) => {
    write(file, text);
    const found = await violations(root);
    rmSync(join(root, file));
    expect(found.map((violation) => violation.rule.name)).toContain(rule);
  });

  it('lets the allowed directions pass', async () => {
    write('apps/order-service/src/x.ts', ours(contracts));
    write('apps/order-service/src/domain/x.ts', ours(`../${contracts}`));
    write('libs/kafka/src/x.ts', ours('kafkajs'));
    const found = (await violations(root)).filter(({ from }) => !from.endsWith('circle.ts'));
    for (const file of ['apps/order-service/src/x.ts', 'apps/order-service/src/domain/x.ts', 'libs/kafka/src/x.ts'])
      rmSync(join(root, file));
    expect(found.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });
});
