import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, it, vi } from 'vitest';
import { type ReadOver, type RecordedAnswer, append, proposedEvent, remove, subscribe } from '../../raw-calls.ts';
import { ServerUnderTest } from '../../server-under-test.ts';
import { LARGEST, TOO_LARGE } from '../../wire.ts';

const server = await ServerUnderTest.start();
const raw = server.raw();

const fresh = (): string => `thing-${randomUUID()}`;
const events = (count: number) => Array.from({ length: count }, () => proposedEvent());
const eventually = (assertion: () => void): Promise<void> => vi.waitFor(assertion, { timeout: 30_000 });
const kinds = (answers: readonly object[]): string[] => answers.map((answer) => Object.keys(answer)[0]!);
const mark = async (): Promise<{ position: { commitPosition: number; preparePosition: number } }> => {
  const { success } = (await append(raw, fresh(), { any: {} }, proposedEvent())) as {
    success: { position: { commitPosition: bigint; preparePosition: bigint } };
  };
  return {
    position: { commitPosition: Number(success.position.commitPosition), preparePosition: Number(success.position.preparePosition) },
  };
};

describe('A subscription', () => {
  it('begins with a confirmation that names it', async () => {
    const { answers, call } = subscribe(raw, { stream: fresh() });
    await eventually(() => expect(kinds(answers)).toEqual(['confirmation', 'caughtUp']));
    expect(answers[0]).toMatchObject({
      confirmation: { subscriptionId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string },
    });
    call.cancel();
  });

  it('without a filter is told of no checkpoints, however many events there are', async () => {
    const all = await mark();
    await append(raw, fresh(), { any: {} }, ...events(200));
    const { answers, call } = subscribe(raw, { all });
    await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
    expect(new Set(kinds(answers))).toEqual(new Set(['confirmation', 'event', 'caughtUp']));
    expect(answers.length).toBeGreaterThanOrEqual(202);
    call.cancel();
  });

  it('gets the tombstone of its stream, then its end', async () => {
    const stream = fresh();
    await append(raw, stream, { any: {} }, ...events(1));
    const { answers, ended } = subscribe(raw, { stream });
    await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
    await remove(raw, 'Tombstone', stream, { any: {} });
    expect(await ended).toMatchObject({ code: status.FAILED_PRECONDITION, details: `Event stream '${stream}' is deleted.` });
    const { event } = answers.at(-1) as unknown as RecordedAnswer;
    expect(event.event).toMatchObject({ streamRevision: 9223372036854775807n, metadata: { type: '$streamDeleted' } });
  });

  it('goes on when its stream is deleted softly, with what recreates it', async () => {
    const stream = fresh();
    await append(raw, stream, { any: {} }, ...events(2));
    const { answers, call } = subscribe(raw, { stream });
    await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
    await remove(raw, 'Delete', stream, { any: {} });
    await append(raw, stream, { noStream: {} }, ...events(1));
    await eventually(() => expect(answers.at(-1)).toMatchObject({ event: { event: { streamRevision: 2n } } }));
    call.cancel();
  });

  it('follows links, old and new, and gets those that lead nowhere without an event', async () => {
    const [target, links] = [fresh(), fresh()];
    const link = (to: string) =>
      proposedEvent({ metadata: { type: '$>', 'content-type': 'application/octet-stream' }, data: Buffer.from(to) });
    await append(raw, target, { any: {} }, ...events(2));
    await append(raw, links, { any: {} }, link(`0@${target}`), link(`7@${target}`));
    const { answers, call } = subscribe(raw, { stream: links, resolveLinks: true });
    await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
    await append(raw, links, { any: {} }, link(`1@${target}`));
    await eventually(() => expect(answers).toHaveLength(5));
    const seen = answers.filter((answer) => 'event' in answer) as unknown as RecordedAnswer[];
    expect(seen.map(({ event: { event } }) => (event === undefined ? 'none' : (event.streamRevision ?? 0n)))).toEqual([0n, 'none', 1n]);
    expect(seen.every(({ event }) => event.link !== undefined)).toBe(true);
    call.cancel();
  });

  it('through a filter counts a window as large as it says towards a checkpoint', async () => {
    const all = await mark();
    await append(raw, fresh(), { any: {} }, ...events(20));
    const filter = { streamIdentifier: { prefix: ['none-'] }, max: 4, checkpointIntervalMultiplier: 2 };
    const { answers, call } = subscribe(raw, { all, filter });
    await eventually(() => expect(answers.at(-1)).toHaveProperty('caughtUp'));
    expect(kinds(answers).filter((kind) => kind === 'checkpoint').length).toBeGreaterThanOrEqual(3);
    const positions = answers.flatMap((answer) =>
      'checkpoint' in answer ? (answer['checkpoint'] as { commitPosition: bigint }).commitPosition : [],
    );
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => Number(a - b)));
    call.cancel();
  });

  it.each<[string, status, ReadOver]>([
    [
      'that would have a checkpoint after nothing',
      status.UNKNOWN,
      { filter: { eventType: { prefix: ['A'] }, count: {}, checkpointIntervalMultiplier: 0 } },
    ],
    ['to a stream from a revision from 2^63 on', status.UNKNOWN, { stream: 'thing-1', from: { revision: TOO_LARGE } }],
    ['to all from a position from 2^63 on', status.UNKNOWN, { all: { position: { commitPosition: TOO_LARGE } } }],
    [
      'to one stream through a filter',
      status.INVALID_ARGUMENT,
      { stream: 'thing-1', filter: { eventType: { prefix: ['A'] }, count: {}, checkpointIntervalMultiplier: 1 } },
    ],
    ['backwards', status.INVALID_ARGUMENT, { readDirection: 1 }],
  ])('%s is refused with status %i and never confirmed', async (_title, code, over) => {
    const { answers, ended } = subscribe(raw, over);
    expect(await ended).toMatchObject({ code });
    expect(answers).toEqual([]);
  });

  it('to all from a position that somebody calculated is confirmed and ends as an invalid argument', async () => {
    const { position } = await mark();
    await mark();
    const { answers, ended } = subscribe(raw, {
      all: { position: { commitPosition: position.commitPosition + 1, preparePosition: position.preparePosition + 1 } },
    });
    expect(await ended).toMatchObject({ code: status.INVALID_ARGUMENT, details: 'Trying to read from an invalid position.' });
    expect(kinds(answers)).toEqual(['confirmation']);
  });

  it('takes the largest number for the end', async () => {
    const stream = fresh();
    await append(raw, stream, { any: {} }, ...events(2));
    for (const over of [
      { stream, from: { revision: LARGEST } },
      { all: { position: { commitPosition: LARGEST, preparePosition: LARGEST } } },
    ]) {
      const { answers, call } = subscribe(raw, over);
      await eventually(() => expect(kinds(answers)).toEqual(['confirmation', 'caughtUp']));
      call.cancel();
    }
  });
});
