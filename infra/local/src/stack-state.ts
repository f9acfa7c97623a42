// What a stack is started with, kept in its data folder.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BrokerCount, Ports } from './layout.ts';
import type { ServiceSettings } from './stack-options.ts';
import { StartFailed } from './starting.ts';

export const STATE_FILE = 'stack.json';

/** Also for those who open the stack later. */
export interface StackState {
  readonly ports: Ports;
  readonly settings: ServiceSettings;
  readonly brokers: BrokerCount;
}

const stateFile = (dataDir: string): string => path.join(dataDir, STATE_FILE);

/** Undefined when no stack was ever started there. */
export function readState(dataDir: string): StackState | undefined {
  if (!existsSync(stateFile(dataDir))) return undefined;
  // A state that an earlier version has written may have no settings and no count of brokers.
  return {
    settings: {},
    brokers: 1,
    ...(JSON.parse(readFileSync(stateFile(dataDir), 'utf8')) as Pick<StackState, 'ports'> & Partial<StackState>),
  };
}

export const writeState = (dataDir: string, state: StackState): void => writeFileSync(stateFile(dataDir), JSON.stringify(state, null, 2));

/** Topics keep their replicas where they were made, so the data of one broker can't serve three. */
export function brokersOf(dataDir: string, wanted: BrokerCount | undefined): BrokerCount {
  const kept = readState(dataDir)?.brokers;
  if (wanted === undefined || kept === undefined || wanted === kept) return wanted ?? kept ?? 1;
  throw new StartFailed(
    `The data in ${dataDir} is of ${kept} ${kept === 1 ? 'broker' : 'brokers'}, not of ${wanted}: start it without --brokers, discard it with --fresh, or name another folder in ORDERSTREAM_DATA.`,
  );
}
