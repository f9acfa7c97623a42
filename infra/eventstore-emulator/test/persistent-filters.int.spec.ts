import { jsonEvent, persistentSubscriptionToAllSettingsFromDefaults, eventTypeFilter } from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmulatorProcess } from './emulator-process.ts';
import { eventually, fresh, watchAndAck } from './group-client.ts';

let emulator: EmulatorProcess;
beforeAll(async () => {
  emulator = await EmulatorProcess.start();
});
afterAll(() => emulator.remove());

const FOR_EVER = '^(a+)+$';
const TAKES_FOR_EVER = `${'a'.repeat(60)}!`;

describe('A group whose filter takes for ever on an event', () => {
  it('stands still and says why, to its clients and to the operator once; other groups go on', async () => {
    const client = emulator.client();
    const settings = persistentSubscriptionToAllSettingsFromDefaults({ startFrom: 'end' });
    await client.createPersistentSubscriptionToAll('mad', settings, { filter: eventTypeFilter({ regex: FOR_EVER }) });
    await client.createPersistentSubscriptionToAll('sane', settings, { filter: eventTypeFilter({ prefixes: ['a'] }) });
    const [mad, sane] = [
      await watchAndAck(client.subscribeToPersistentSubscriptionToAll('mad')),
      await watchAndAck(client.subscribeToPersistentSubscriptionToAll('sane')),
    ];
    const events = ['aa', TAKES_FOR_EVER, 'aaa'].map((type) => jsonEvent({ type, data: {} }));
    await client.appendToStream(fresh(), events, { expectedRevision: 'no_stream' });
    expect(await mad.failure).toMatchObject({ type: 'persistent-subscription-failed' });
    await expect(watchAndAck(client.subscribeToPersistentSubscriptionToAll('mad')).then(({ failure }) => failure)).resolves.toMatchObject({
      type: 'persistent-subscription-failed',
    });
    await eventually(() => expect(sane.seen.map(({ event }) => event!.type)).toEqual(events.map(({ type }) => type)));
    expect(emulator.errors).toBe("$all::mad stands still: The filter can't be evaluated: The regular expression takes too long.\n");
  });
});
