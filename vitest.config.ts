import { defineConfig } from 'vitest/config';

// Libraries resolve to their sources, never to a build that may be stale. `import` and `require` are not
// named: Node is started with these conditions too, and its `require` must not be given ES modules.
const conditions = ['@orderstream/source', 'node'];
const resolve = { conditions };
const ssr = { resolve: { conditions, externalConditions: conditions } };

const CONFORMANCE = 'apps/eventstore-emulator/test/conformance';
const patient = { testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    // Tests wait more than they calculate, so that no core is left for the machine's owner.
    maxWorkers: '100%',
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          include: ['{apps,libs,infra}/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.int.spec.ts', 'apps/acceptance/test/**'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'integration',
          globalSetup: ['infra/local/src/testing/global-setup.ts'],
          include: ['{apps,libs,infra}/**/*.int.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', 'apps/acceptance/**', `${CONFORMANCE}/**`],
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
          include: ['apps/acceptance/test/**/*.spec.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
