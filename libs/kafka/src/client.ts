import { createRequire } from 'node:module';
import { type Logger, messageOf } from '@orderstream/messaging';
import { Kafka, type logCreator, logLevel } from 'kafkajs';
import { surviveBrokenAnswers } from './broken-answers.ts';
import { endWithBrokenJoining } from './broken-joining.ts';
import { readEveryCodec } from './compression.ts';
import { stopIdleTimers } from './idle-timers.ts';
import { refuseOutOfRange } from './out-of-range.ts';
import { kindOf } from './trouble.ts';

/** Answers that a working cluster gives now and then. kafkajs retries them, but logs them as errors. */
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
 * A Kafka client. It connects nothing by itself. kafkajs reports as errors what it retries, so its lines are logged
 * one level lower: the caller gives up, and says so.
 */
export function createKafka({
  clientId,
  brokers,
  logger,
}: {
  readonly clientId: string;
  readonly brokers: readonly string[];
  readonly logger: Logger;
}): Kafka {
  stopIdleTimers();
  surviveBrokenAnswers();
  readEveryCodec();
  refuseOutOfRange();
  endWithBrokenJoining();
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

/** The same cause within this time belongs to the same trouble. */
const SAME_TROUBLE_WITHIN_MS = 60_000;
const TROUBLES_REMEMBERED = 100;

/**
 * While a broker is away kafkajs says so dozens of times a second, from every connection and for every request. A
 * cause is logged once for each broker, and again after a quiet minute; that things go on is logged by whoever
 * waited.
 */
export function logTo(logger: Logger): logCreator {
  const lastSaidMs = new Map<string, number>();
  const isRepeated = (trouble: string): boolean => {
    const nowMs = performance.now();
    const lastMs = lastSaidMs.get(trouble);
    // Deleted and set, so that the map's first entry is the one that has been quiet for longest.
    lastSaidMs.delete(trouble);
    lastSaidMs.set(trouble, nowMs);
    if (lastSaidMs.size > TROUBLES_REMEMBERED) lastSaidMs.delete(lastSaidMs.keys().next().value!);
    return lastMs !== undefined && nowMs - lastMs < SAME_TROUBLE_WITHIN_MS;
  };
  return () =>
    ({ namespace, level, log: { message: said, ...fields } }) => {
      // kafkajs logs some errors as the message.
      const message = messageOf(said);
      const details = Object.entries(fields).filter(([name]) => !SUPERFLUOUS_FIELDS.has(name));
      const entry = { ...Object.fromEntries(details), kafkajs: namespace };
      const cause = String(fields['error'] ?? message);
      const isPassing = [...passingMessages].some((text) => cause.includes(text) || message.includes(text));
      const isNoTrouble = level === logLevel.INFO || level === logLevel.DEBUG || isPassing;
      if (isNoTrouble || isRepeated(`${kindOf(cause)} ${String(fields['broker'])}`)) logger.debug(entry, message);
      else logger.warn(entry, message);
    };
}
