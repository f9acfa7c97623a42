import { type EventOn, type EventType, reactions, streams } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { describe, expect, it } from 'vitest';
import { toAttempt } from './payment-attempts.process.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const delivered = (type: EventType): DeliveredEvent<EventOn<'orders'> | EventOn<'shipments'>> => ({
  id: 'cause',
  stream: `any-${orderId}`,
  revision: 0,
  recordedAt: '2026-01-02T03:04:05.678Z',
  correlationId: 'flow',
  causationId: 'before',
  event: { type, data: { orderId, customerId: 'c', total: { amount: 5, currency: 'EUR' }, paymentMethod: 'pm' } } as never,
});
const commandOf = { authorise: 'AuthorisePayment', capture: 'CapturePayment' } as const;

describe('Payment attempts', () => {
  it('are made for the events that the platform’s table of reactions says, and for no other', () => {
    const heard = [...streams.order.events, ...streams.shipment.events];
    const made = heard.flatMap((on) => {
      const attempt = toAttempt(delivered(on));
      return attempt === null ? [] : [{ service: 'payment-service', on, command: commandOf[attempt.work.step] }];
    });
    expect(made).toEqual(reactions.filter((reaction) => reaction.service === 'payment-service'));
  });

  it('carry what the provider needs and the event that asked', () => {
    expect(toAttempt(delivered('OrderAccepted'))).toEqual({
      orderId,
      work: { step: 'authorise', customerId: 'c', amount: { amount: 5, currency: 'EUR' }, paymentMethod: 'pm' },
      after: null,
      cause: { id: 'cause', correlationId: 'flow', traceparent: undefined },
    });
  });

  it('capture only what has been authorised', () => {
    expect(toAttempt(delivered('ShipmentDispatched'))).toMatchObject({ work: { step: 'capture' }, after: 'authorise' });
  });
});
