import { newerContracts } from '@orderstream/contracts/testing';
import { eventStoreContract } from '@orderstream/event-sourcing/testing';
import { Log } from './log.ts';
import { allRules } from './rules.ts';
import { Life } from './turns.ts';

const turns = { take: () => Promise.resolve() };
const now = (): string => '2026-01-01T00:00:00.000Z';

eventStoreContract('The simulated log', () => {
  const log = new Log({ turns, rules: allRules, now, fails: () => false });
  return { store: log.for(new Life()), newer: log.for(new Life(), newerContracts) };
});
