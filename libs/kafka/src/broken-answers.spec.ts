import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { surviveBrokenAnswers } from './broken-answers.ts';

interface Answer {
  readonly correlationId: number;
}

interface Connection {
  connect(): Promise<unknown>;
  processData(data: Buffer): unknown;
}

surviveBrokenAnswers();
const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as { prototype: object };

/** A connection of kafkajs whose broker can't be reached; what it tells of what comes is noted. */
function newConnection(): { connection: Connection; answers: number[]; rejected: string[]; ends: () => number } {
  const answers: number[] = [];
  const rejected: string[] = [];
  let ends = 0;
  const connection = Object.assign(Object.create(prototype) as Connection, {
    broker: 'broker:9092',
    chunks: [],
    bytesBuffered: 0,
    bytesNeeded: 4,
    authHandlers: null,
    requestQueue: {
      fulfillRequest: ({ correlationId }: Answer) => void answers.push(correlationId),
      rejectAll: (fault: Error) => void rejected.push(fault.message),
    },
    socketFactory: () => {
      throw new Error('out of reach');
    },
    isConnected: () => false,
    logDebug() {},
    disconnect: () => Promise.resolve(void (ends += 1)),
  });
  return { connection, answers, rejected, ends: () => ends };
}

const answer = (correlationId: number): Buffer => Buffer.from([0, 0, 0, 8, 0, 0, 0, correlationId, 1, 2, 3, 4]);

describe('What is no answer of Kafka', () => {
  it.each([
    ['has no bytes at all', Buffer.alloc(4)],
    ['has fewer bytes than name its request', Buffer.from([0, 0, 0, 2, 1, 2])],
  ])('ends its connection and not the process when it %s, and what comes later is read', (_, bytes) => {
    const { connection, answers, rejected, ends } = newConnection();
    connection.processData(bytes);
    expect(rejected).toEqual([expect.stringMatching(/^what broker:9092 says is no answer of Kafka/)]);
    expect(ends()).toBe(1);
    connection.processData(answer(7));
    expect(answers).toEqual([7]);
  });

  it('and broke off is not taken for the beginning of what the next connection says', async () => {
    const { connection, answers } = newConnection();
    connection.processData(Buffer.from([0, 0, 1, 0xf4, 0, 0, 0, 9, 1]));
    await expect(connection.connect()).rejects.toThrow('out of reach');
    connection.processData(answer(1));
    expect(answers).toEqual([1]);
  });
});
