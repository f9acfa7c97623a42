import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

interface Port {
  /** The function that declares its contract suite. */
  readonly suite: string;
  /** Beside each stands the specification that runs the suite. */
  readonly implementations: readonly string[];
}

/** Every port of which there are several implementations. */
const ports: Readonly<Record<string, Port>> = {
  EventLog: {
    suite: 'eventLogContract',
    implementations: ['libs/event-sourcing/src/testing/in-memory-event-store.ts', 'libs/eventstoredb/src/event-store-db.ts'],
  },
  EventStore: {
    suite: 'eventStoreContract',
    implementations: [
      'infra/simulation/src/log.ts',
      'libs/event-sourcing/src/testing/in-memory-event-store.ts',
      'libs/eventstoredb/src/event-store-db.ts',
    ],
  },
  Parking: {
    suite: 'parkingContract',
    implementations: ['libs/messaging/src/testing/parking-in-memory.ts', 'libs/postgres/src/parking-table.ts'],
  },
  PaymentGateway: {
    suite: 'paymentGatewayContract',
    implementations: ['apps/payment-service/src/http-payment-gateway.ts', 'infra/simulation/src/provider.ts'],
  },
  ProcessTable: {
    suite: 'processTableContract',
    implementations: ['infra/simulation/src/process-tables.ts', 'libs/postgres/src/process-table.ts'],
  },
  Progress: {
    suite: 'progressContract',
    implementations: ['libs/kafka/src/committed-offsets.ts', 'libs/messaging/src/projector.ts'],
  },
  ProjectionStore: {
    suite: 'projectionStoreContract',
    implementations: ['libs/messaging/src/testing/projections-in-memory.ts', 'libs/postgres/src/projection-store.ts'],
  },
};

/** Interfaces whose implementations differ on purpose, so that no suite could be passed by all. */
const noPorts: Readonly<Record<string, string>> = {
  ProjectedTable: 'each kind of table has columns and rules of its own; what a table comes to, the projection cases say',
  Strategy: 'each way to share events out among the members of a group is another',
};

/** What stands in for a port without doing its work. */
const stubs: Readonly<Record<string, string>> = {
  'infra/simulation/src/consumer.ts': 'its Parking reports whatever is parked, for nothing may be',
};

type Sources = ReadonlyMap<string, string>;

/** The production code, and the testing folders: what a specification or its world makes up for itself is its own affair. */
function ownSources(): Sources {
  const root = path.resolve(import.meta.dirname, '../../..');
  const files = globSync('{apps,libs,infra}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.startsWith('infra/checks/'));
  return new Map(files.sort().map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));
}

const isSpec = (file: string): boolean => file.endsWith('.spec.ts');

/** The files with a class, function or constant of that type. A function that is given one, or a part, only wraps it. */
function implementing(port: string, sources: Sources): string[] {
  const type = `${port}(<[^=()]*>)?`;
  const pattern = new RegExp(`\\bimplements [^{]*\\b${port}\\b|\\((?![^()]*\\b${port}\\b)[^()]*\\): ${type} (\\{|=>)|: ${type} = \\{`);
  return [...sources].filter(([file, text]) => !isSpec(file) && !(file in stubs) && pattern.test(text)).map(([file]) => file);
}

/** Our interfaces that several classes implement. */
function implementedTwice(sources: Sources): string[] {
  const texts = [...sources].filter(([file]) => !isSpec(file)).map(([, text]) => text);
  const ours = new Set(texts.flatMap((text) => [...text.matchAll(/^(?:export )?interface (\w+)/gm)].map(([, name]) => name!)));
  const implemented = texts.flatMap((text) =>
    [...text.matchAll(/\bclass [^{]*\bimplements ([^{]+)\{/g)].flatMap(([, names]) => names!.match(/\b\w+\b/g)!),
  );
  return [...Map.groupBy(implemented, (name) => name)].flatMap(([name, times]) => (ours.has(name) && times.length > 1 ? [name] : []));
}

const runs = (suite: string, implementation: string, sources: Sources): boolean =>
  ['spec.ts', 'int.spec.ts'].some((kind) => sources.get(implementation.replace(/ts$/, kind))?.includes(`\n${suite}(`));

describe('A port with several implementations', () => {
  const sources = ownSources();

  it.each(Object.entries(ports))('%s has these, and each passes its contract suite', (port, { suite, implementations }) => {
    expect(implementing(port, sources)).toEqual(implementations);
    expect(implementations.filter((file) => !runs(suite, file, sources))).toEqual([]);
  });

  it('has a contract suite', () => {
    expect(implementedTwice(sources).filter((name) => !(name in ports || name in noPorts))).toEqual([]);
  });
});

describe('The check of contract suites', () => {
  const sources = new Map([
    ['apps/a/src/door.ts', 'export interface Door<T> {\n  open(): T;\n}\nexport interface Lock {}\n'],
    ['apps/a/src/wood.ts', 'export class Wood implements OnModuleInit, Door<string> {}\nclass Key implements Lock {}\n'],
    ['apps/a/src/wood.int.spec.ts', "\ndoorContract('wood', () => new Wood());\n"],
    ['apps/a/src/iron.ts', 'class Iron<T> implements Door<T> {}\n'],
    ['apps/a/src/glass.ts', 'const glass: Door<string> = {\n'],
    ['apps/a/src/paper.ts', 'function paper(name: string): Door<string> {\n'],
    ['apps/a/src/paper.spec.ts', "import { doorContract } from './door.ts';\n"],
    ['apps/a/src/sliding.ts', 'for = (life: Life): Door<string> => ({\n'],
    ['apps/a/src/painted.ts', 'function painted(door: Door<string>): Door<string> {\nconst own: Door<string> = painted(glass);\n'],
    ['apps/a/src/patched.ts', 'const patched = (other: Partial<Door<string>>): Door<string> => ({\n'],
    ['apps/a/src/hinge.spec.ts', 'class OfATest implements Door<string> {}\n'],
  ]);

  it('finds what implements a port, and not what wraps it or is made up for one specification', () => {
    const found = implementing('Door', sources).map((file) => path.basename(file, '.ts'));
    expect(found).toEqual(['wood', 'iron', 'glass', 'paper', 'sliding']);
  });

  it('finds who does not run the suite', () => {
    expect(implementing('Door', sources).filter((file) => !runs('doorContract', file, sources))).toHaveLength(4);
    expect(runs('doorContract', 'apps/a/src/wood.ts', sources)).toBe(true);
  });

  it('finds a port that nobody has listed', () => {
    expect(implementedTwice(sources)).toEqual(['Door']);
  });
});
