import { type EventOn, type EventType, reactions, streams } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { delivered } from '@orderstream/messaging/testing';
import { describe, expect, it } from 'vitest';
import { toAttempt } from './payment-attempts.process.ts';

type ProcessEvent = DeliveredEvent<EventOn<'orders'> | EventOn<'shipments'>>;

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const acceptedAt = '2026-01-02T03:04:05.678Z';
const told = (type: EventType, more: object = {}): ProcessEvent => {
  const data = { orderId, customerId: 'c', total: { amount: 5, currency: 'EUR' }, paymentMethod: 'pm', acceptedAt, ...more };
  return delivered({ type, data } as never, { id: 'cause' });
};
const settings = { deadlineMs: 60_000 };
const cause = { id: 'cause', correlationId: 'flow', traceparent: undefined };
const commandOf = { authorise: 'AuthorisePayment', capture: 'CapturePayment', void: 'VoidPayment', refund: 'RefundPayment' } as const;

const STAGES = ['placed', 'accepted', 'paid', 'shipped'];

/** What an event leads to, and for which stages of a cancelled order. */
function reactionTo(on: EventType): { command: string; stages?: readonly string[] } | null {
  if (on !== 'OrderCancelled') {
    const attempt = toAttempt(told(on), settings);
    return attempt === null ? null : { command: commandOf[attempt.work.step] };
  }
  const stages = STAGES.filter((stage) => toAttempt(told(on, { stage }), settings) !== null);
  const attempt = toAttempt(told(on, { stage: stages[0] }), settings);
  return attempt === null ? null : { command: commandOf[attempt.work.step], stages };
}

describe('Payment attempts', () => {
  it('are made for the events that the platform’s table of reactions says, and for no other', () => {
    const heard = [...streams.order.events, ...streams.shipment.events];
    const made = heard.flatMap((on) => {
      const reaction = reactionTo(on);
      return reaction === null ? [] : [{ service: 'payment-service', on, of: 'payment', ...reaction }];
    });
    const told = reactions.filter(({ service }) => service === 'payment-service');
    expect(made).toHaveLength(told.length);
    expect(made).toEqual(expect.arrayContaining([...told]));
  });

  it('carry what the provider needs, the event that asked, and the time until which an answer is waited for', () => {
    expect(toAttempt(told('OrderAccepted'), settings)).toEqual({
      key: orderId,
      work: { step: 'authorise', customerId: 'c', amount: { amount: 5, currency: 'EUR' }, paymentMethod: 'pm' },
      after: null,
      dueAfterMs: 0,
      deadlineAfterMs: 60_000,
      cause,
    });
  });

  it.each([
    ['capture only what has been authorised', 'ShipmentDispatched', {}, 'capture', 'authorise'],
    [
      'void what an order was cancelled with, once its authorisation has had its answer',
      'OrderCancelled',
      { stage: 'accepted' },
      'void',
      'authorise',
    ],
    ['void what a shipment was cancelled with', 'ShipmentCancelled', {}, 'void', 'authorise'],
    ['refund what came back, once it was captured', 'ShipmentReturned', {}, 'refund', 'capture'],
  ] as const)('%s', (_, type, more, step, after) => {
    const attempt = { key: orderId, work: { step }, after, dueAfterMs: 0, deadlineAfterMs: null, cause };
    expect(toAttempt(told(type, more), settings)).toEqual(attempt);
  });
});
