import type { EventToAppend } from '@orderstream/event-sourcing';
import { describe, expect, it } from 'vitest';
import { appendRequests } from './requests.ts';

const event = (text: string): EventToAppend => ({
  id: '0b0e9f3a-6f0c-4c39-9a53-5c0d2e8f4b11',
  event: { type: 'Noted', data: { text } },
  metadata: { schemaVersion: 1, $correlationId: 'flow', $causationId: 'request' },
});
const MEBIBYTE = 1024 * 1024;

describe('An append', () => {
  it('names no deadline, because the clock of the store is another one', () => {
    const [request] = appendRequests('a', 'note-1', [event('short')], 'no_stream');
    expect(request!.getOptions()!.hasDeadline()).toBe(false);
  });

  it('is one message when it is small', () => {
    const requests = appendRequests('a', 'note-1', [event('one'), event('two')], 4);
    expect(requests).toHaveLength(1);
    expect(requests[0]!.getIsFinal()).toBe(true);
    expect(requests[0]!.getOptions()!.getStreamPosition()).toBe('4');
    expect(requests[0]!.getProposedMessagesList()).toHaveLength(2);
  });

  it('is so many messages that a server takes each of them, and says at the last one that it is whole', () => {
    const requests = appendRequests(
      'a',
      'note-1',
      [1, 2, 3, 4].map(() => event('x'.repeat(2 * MEBIBYTE))),
      'no_stream',
    );
    expect(requests.map((request) => request.getIsFinal())).toEqual([false, false, false, true]);
    expect(requests.map((request) => request.hasOptions())).toEqual([true, false, false, false]);
    expect(requests.map((request) => request.getCorrelationId()!.getString())).toEqual(['a', 'a', 'a', 'a']);
    for (const request of requests) expect(request.serializeBinary().length).toBeLessThan(3 * MEBIBYTE);
  });
});
