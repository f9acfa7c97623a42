import { createRequire } from 'node:module';
import { Kafka, type logCreator, logLevel } from 'kafkajs';
import { readEveryCodec } from './compression.ts';
import { stopIdleTimers } from './idle-timers.ts';

/** What adapters log through; pino's loggers fit. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Answers that a working cluster gives in passing, and that kafkajs retries: it logs them as errors all the same. */
const PASSING_CODES: ReadonlySet<number> = new Set([
  14, // the group or transaction coordinator is loading
  15, // … is not available yet
  16, // … has moved
  22, // a commit from before a rebalance
  25, // a heartbeat from before a rebalance
  27, // a rebalance goes on
  51, // the markers of the last transaction are still being written
]);

/** kafkajs logs the text of a protocol error, never its code. */
const passingMessages: ReadonlySet<string> = new Set(
  (createRequire(import.meta.url)('kafkajs/src/protocol/error') as { errorCodes: { code: number; message: string }[] }).errorCodes
    .filter(({ code }) => PASSING_CODES.has(code))
    .map(({ message }) => message),
);

/** The logger has its own time, and kafkajs's stacks show only kafkajs. */
const SUPERFLUOUS_FIELDS: ReadonlySet<string> = new Set(['timestamp', 'logger', 'stack']);

/**
 * A Kafka client. It connects nothing by itself. kafkajs reports what it retries as errors, so its
 * lines go one level down: who gives up is the caller, who says so.
 */
export function createKafka({ clientId, brokers, logger }: {
  readonly clientId: string;
  readonly brokers: readonly string[];
  readonly logger: Logger;
}): Kafka {
  stopIdleTimers();
  readEveryCodec();
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 2_000, retries: 5 },
    logLevel: logLevel.INFO,
    logCreator: logTo(logger),
  });
}

export function logTo(logger: Logger): logCreator {
  return () => ({ namespace, level, log: { message, ...fields } }) => {
    const details = Object.entries(fields).filter(([name]) => !SUPERFLUOUS_FIELDS.has(name));
    const entry = { ...Object.fromEntries(details), kafkajs: namespace };
    const isPassing = passingMessages.has(String(fields['error'])) || [...passingMessages].some((text) => message.includes(text));
    if (level === logLevel.INFO || level === logLevel.DEBUG || isPassing) logger.debug(entry, message);
    else logger.warn(entry, message);
  };
}
