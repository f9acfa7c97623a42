import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PaymentCommand, type PaymentEvent, type PaymentState, paymentDecider } from './payment.decider.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const customerId = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const at = '2026-01-02T03:04:05.678Z';
const amount = { amount: 4_900, currency: 'EUR' };
const paymentMethod = 'pm_card_ok';

const commands = {
  request: { type: 'RequestPayment', orderId, customerId, amount, paymentMethod, at },
  authorise: { type: 'RecordAuthorisation', orderId, amount, authorisationId: 'auth_1', at },
  decline: { type: 'RecordDecline', orderId, reason: 'insufficient-funds', at },
  capture: { type: 'RecordCapture', orderId, amount, captureId: 'cap_1', at },
  failCapture: { type: 'RecordCaptureFailure', orderId, amount, reason: 'capture-refused', at },
} as const satisfies Record<string, PaymentCommand>;

const requested: PaymentEvent = { type: 'PaymentRequested', data: { orderId, customerId, amount, paymentMethod, requestedAt: at } };
const authorised: PaymentEvent = { type: 'PaymentAuthorised', data: { orderId, amount, authorisationId: 'auth_1', authorisedAt: at } };
const declined: PaymentEvent = { type: 'PaymentDeclined', data: { orderId, reason: 'insufficient-funds', declinedAt: at } };
const captured: PaymentEvent = { type: 'PaymentCaptured', data: { orderId, amount, captureId: 'cap_1', capturedAt: at } };
const captureFailed: PaymentEvent = { type: 'PaymentCaptureFailed', data: { orderId, amount, reason: 'capture-refused', failedAt: at } };

describe('A payment', () => {
  it('is requested, authorised and captured', () => {
    given(paymentDecider).when(commands.request).then(requested);
    given(paymentDecider, requested).when(commands.authorise).then(authorised);
    given(paymentDecider, requested, authorised).when(commands.capture).then(captured);
  });

  it('may be declined instead', () => {
    given(paymentDecider, requested).when(commands.decline).then(declined);
  });

  it('may fail to be captured, for good', () => {
    given(paymentDecider, requested, authorised).when(commands.failCapture).then(captureFailed);
  });

  it.each<[string, PaymentCommand, PaymentEvent[]]>([
    ['request', commands.request, [requested]],
    ['request, long after', commands.request, [requested, authorised, captured]],
    ['authorisation', commands.authorise, [requested, authorised]],
    ['authorisation, after its capture', commands.authorise, [requested, authorised, captured]],
    ['authorisation, after its capture failed', commands.authorise, [requested, authorised, captureFailed]],
    ['decline', commands.decline, [requested, declined]],
    ['capture', commands.capture, [requested, authorised, captured]],
    ['failure to capture', commands.failCapture, [requested, authorised, captureFailed]],
  ])('records a %s once', (_, command, history) => {
    given(paymentDecider, ...history).when(command).then();
  });

  it.each<[string, PaymentCommand, PaymentEvent[]]>([
    ['an authorisation that nobody requested', commands.authorise, []],
    ['a second authorisation', { ...commands.authorise, authorisationId: 'auth_2' }, [requested, authorised]],
    ['a second authorisation after the capture', { ...commands.authorise, authorisationId: 'auth_2' }, [requested, authorised, captured]],
    ['an authorisation of what was declined', commands.authorise, [requested, declined]],
    ['a decline of what was authorised', commands.decline, [requested, authorised]],
    ['a decline that nobody requested', commands.decline, []],
    ['a capture of what is not authorised', commands.capture, [requested]],
    ['a capture of what was declined', commands.capture, [requested, declined]],
    ['a second capture', { ...commands.capture, captureId: 'cap_2' }, [requested, authorised, captured]],
    ['a capture after it failed for good', commands.capture, [requested, authorised, captureFailed]],
    ['a failure of what was captured', commands.failCapture, [requested, authorised, captured]],
  ])('takes %s for a defect', (_, command, history) => {
    given(paymentDecider, ...history).when(command).thenThrows(/contradicts what is known of payment/);
  });

  it('never was captured without an authorisation', () => {
    expect(() => paymentDecider.evolve({ status: 'requested', amount }, captured)).toThrow("can't have been captured");
  });
});

describe('A payment, whatever is said of it in whatever order and however often,', () => {
  const anything = fc.array(
    fc.oneof(
      fc.constantFrom<PaymentCommand>(...Object.values(commands)),
      fc.constantFrom<PaymentCommand>({ ...commands.authorise, authorisationId: 'auth_2' }, { ...commands.capture, captureId: 'cap_2' }),
    ),
    { maxLength: 30 },
  );

  it('is authorised, declined and captured at most once each, and captured only when authorised', () => {
    fc.assert(
      fc.property(anything, (said) => {
        const { events } = live(said);
        const count = (type: PaymentEvent['type']): number => events.filter((event) => event.type === type).length;
        expect(count('PaymentRequested')).toBeLessThanOrEqual(1);
        expect(count('PaymentAuthorised') + count('PaymentDeclined')).toBeLessThanOrEqual(count('PaymentRequested'));
        expect(count('PaymentCaptured') + count('PaymentCaptureFailed')).toBeLessThanOrEqual(count('PaymentAuthorised'));
      }),
    );
  });

  it('records a command that it has recorded no second time', () => {
    fc.assert(
      fc.property(anything, fc.constantFrom<PaymentCommand>(...Object.values(commands)), (said, again) => {
        const { events } = live([...said, again]);
        expect(live([...said, again, again]).events).toEqual(events);
      }),
    );
  });
});

/** What a stream holds after these commands; defects are thrown and leave nothing. */
function live(said: readonly PaymentCommand[]): { state: PaymentState; events: PaymentEvent[] } {
  let state = paymentDecider.initialState;
  const events: PaymentEvent[] = [];
  for (const command of said) {
    try {
      for (const event of paymentDecider.decide(command, state) as readonly PaymentEvent[]) {
        state = paymentDecider.evolve(state, event);
        events.push(event);
      }
    } catch (fault) {
      expect(fault).toMatchObject({ message: expect.stringContaining('contradicts') });
    }
  }
  return { state, events };
}
