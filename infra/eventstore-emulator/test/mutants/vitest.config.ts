import { join } from 'node:path';

const conditions = ['@orderstream/source', 'node'];

// The emulator's tests without the servers that the others need.
export default {
  root: join(import.meta.dirname, '../../../..'),
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ['infra/eventstore-emulator/test/**/*.int.spec.ts'],
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
};
