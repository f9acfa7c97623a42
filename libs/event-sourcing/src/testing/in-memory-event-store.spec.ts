import { contracts } from '@orderstream/contracts';
import { newerContracts } from '@orderstream/contracts/testing';
import { eventLogContract } from './event-log-contract.ts';
import { eventStoreContract } from './event-store-contract.ts';
import { InMemoryEventStore } from './in-memory-event-store.ts';

eventStoreContract('The in-memory store', () => {
  const log = new InMemoryEventStore();
  return { store: log.knowing(contracts), newer: log.knowing(newerContracts) };
});
eventLogContract('The in-memory store', () => new InMemoryEventStore());
