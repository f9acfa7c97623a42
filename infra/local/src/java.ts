// The servers on the JVM.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { serversFolder } from '../fetch.mjs';
import { root } from './layout.ts';

export function javaProgram(): string {
  const { JAVA_HOME } = process.env;
  return JAVA_HOME === undefined || JAVA_HOME === '' ? 'java' : path.join(JAVA_HOME, 'bin/java');
}

/** On few cores a quick start and a small footprint are worth more than the last bit of speed after minutes. */
export const QUICK_START: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** A fetched server's folder. */
export function fetchedServer(name: 'kafka' | 'schema-registry'): string {
  const folder = path.join(serversFolder(root), name);
  if (!existsSync(folder)) throw new Error(`${name} was not fetched yet: start through npm (npm run stack -- up, npm run demo, npm test)`);
  return folder;
}

/** The JVM reads file names by the locale: in the C locale every letter outside ASCII is lost. */
export const JVM_LOCALE: Readonly<Record<string, string>> = process.platform === 'linux' ? { LC_ALL: 'C.UTF-8' } : {};
