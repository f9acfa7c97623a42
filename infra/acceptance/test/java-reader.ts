import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { topics } from '@orderstream/contracts';
import { fetchedServer, javaProgram } from '@orderstream/local-stack/java';
import { type Platform, setting } from '../src/platform.ts';

export interface ReadRecord {
  readonly stream: string;
  readonly type: string;
  /** As Avro has it: instants are milliseconds. */
  readonly data: unknown;
}

const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;
const JARS = /^(kafka-clients|slf4j-api|lz4-java|snappy-java|zstd-jni|jackson-(core|databind|annotations)|org\.apache\.avro\.avro)-\d/;

/** Every record of every topic as Java's own libraries read it; they come with the embedded stack's servers. */
export async function readWithJava({ env }: Platform): Promise<ReadRecord[]> {
  const folders = [fetchedServer('kafka'), join(fetchedServer('schema-registry'), 'lib')];
  const classpath = folders
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((jar) => JARS.test(jar))
        .map((jar) => join(folder, jar)),
    )
    .join(':');
  const program = join(import.meta.dirname, 'ReadTopics.java');
  const args = [setting(env, 'KAFKA_BROKERS'), setting(env, 'SCHEMA_REGISTRY_URL'), Object.keys(topics).join(',')];
  const { stdout } = await promisify(execFile)(javaProgram(), ['-Dfile.encoding=UTF-8', '-cp', classpath, program, ...args], {
    maxBuffer: MOST_OUTPUT_BYTES,
  });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ReadRecord);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A stored event's data as Avro has it. */
export function asAvro(value: unknown): unknown {
  if (typeof value === 'string' && INSTANT.test(value)) return Date.parse(value);
  if (Array.isArray(value)) return value.map(asAvro);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asAvro(inner)]));
}
