import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { WrongExpectedVersionError, jsonEvent } from '../client-under-test.ts';
import { read } from '../emulator-process.ts';
import { ServerUnderTest } from '../server-under-test.ts';

const server = await ServerUnderTest.start();
const client = server.client();

const ANYWHERE = 'any';
const anEvent = () => jsonEvent({ type: 'Happened', data: {} });
const fresh = (): string => `thing-${randomUUID()}`;

describe('What is taken for a repeat', () => {
  it('is nothing that was written to another stream', async () => {
    const [stream, other] = [fresh(), fresh()];
    const event = anEvent();
    await client.appendToStream(other, [anEvent(), event], { expectedRevision: ANYWHERE });
    expect(await client.appendToStream(stream, event, { expectedRevision: ANYWHERE })).toMatchObject({ nextExpectedRevision: 0n });
    expect(await read(client.readStream(stream))).toMatchObject([{ id: event.id }]);
  });

  it('of a deleted stream is all of it: in part it is refused, and brings nothing back', async () => {
    const stream = fresh();
    const event = anEvent();
    await client.appendToStream(stream, [event, anEvent()], { expectedRevision: 'no_stream' });
    await client.deleteStream(stream);
    await expect(client.appendToStream(stream, [event, anEvent()], { expectedRevision: 'no_stream' })).rejects.toThrow(
      WrongExpectedVersionError,
    );
    await expect(read(client.readStream(stream))).rejects.toMatchObject({ type: 'stream-not-found' });
  });
});
