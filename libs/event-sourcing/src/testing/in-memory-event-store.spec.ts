import { eventStoreContract } from './event-store-contract.ts';
import { InMemoryEventStore } from './in-memory-event-store.ts';

eventStoreContract('The in-memory store', () => new InMemoryEventStore());
