import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Libraries resolve to their sources, never to a build that may be stale. `import` and `require` are not
// named: Node is started with these conditions too, and its `require` must not be given ES modules.
const conditions = ['@orderstream/source', 'node'];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

const CONFORMANCE = 'infra/eventstore-emulator/test/conformance';
const patient = { testTimeout: 60_000, hookTimeout: 120_000 };
// Two wait while one calculates.
const WORKERS_PER_CORE = 1.5;

export default defineConfig({
  test: {
    maxWorkers: Math.ceil(availableParallelism() * WORKERS_PER_CORE),
    globalSetup: ['infra/local/src/testing/own-folder.ts'],
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['{apps,libs,infra}/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.int.spec.ts', 'infra/acceptance/test/**'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'integration',
          globalSetup: ['infra/local/src/testing/servers.ts'],
          include: ['{apps,libs,infra}/**/*.int.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'infra/acceptance/**', `${CONFORMANCE}/**`],
          ...patient,
        },
      },
      // Each file has a process of its own, and with it one client: the two can't be loaded together.
      {
        resolve,
        ssr,
        test: {
          name: 'conformance',
          include: [`${CONFORMANCE}/*.int.spec.ts`, `${CONFORMANCE}/raw/*.int.spec.ts`],
          env: { EVENTSTORE_CLIENT: 'eventstoredb' },
          ...patient,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'conformance-kurrentdb',
          include: [`${CONFORMANCE}/*.int.spec.ts`, `${CONFORMANCE}/kurrentdb/*.int.spec.ts`],
          env: { EVENTSTORE_CLIENT: 'kurrentdb' },
          ...patient,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'acceptance',
          include: ['infra/acceptance/test/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          // Each file has a whole platform to itself.
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
