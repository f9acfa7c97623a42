import { given } from '@orderstream/event-sourcing/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  GIVE_UP_REASONS,
  type PaymentCommand,
  type PaymentEvent,
  type PaymentState,
  isGivenUp,
  paymentDecider,
} from './payment.decider.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const customerId = '7c9e6679-7425-40de-944b-e07fc1f90ae7';
const at = '2026-01-02T03:04:05.678Z';
const amount = { amount: 4_900, currency: 'EUR' };
const otherAmount = { amount: 4_901, currency: 'EUR' };
const paymentMethod = 'pm_card_ok';

const commands = {
  request: { type: 'RequestPayment', orderId, customerId, amount, paymentMethod, at },
  authorise: { type: 'RecordAuthorisation', orderId, amount, authorisationId: 'auth_1', at },
  decline: { type: 'RecordDecline', orderId, reason: 'insufficient-funds', at },
  giveUp: { type: 'GiveUpPayment', orderId, reason: 'deadline', at },
  capture: { type: 'RecordCapture', orderId, amount, captureId: 'cap_1', at },
  failCapture: { type: 'RecordCaptureFailure', orderId, amount, reason: 'capture-refused', at },
  void: { type: 'RecordVoid', orderId, amount, voidId: 'void_1', at },
  refund: { type: 'RecordRefund', orderId, amount, refundId: 'ref_1', at },
} as const satisfies Record<string, PaymentCommand>;
const cancel = { ...commands.giveUp, reason: 'cancelled' } as const;

const requested: PaymentEvent = { type: 'PaymentRequested', data: { orderId, customerId, amount, paymentMethod, requestedAt: at } };
const authorised: PaymentEvent = { type: 'PaymentAuthorised', data: { orderId, amount, authorisationId: 'auth_1', authorisedAt: at } };
const declinedFor = (reason: string): PaymentEvent => ({ type: 'PaymentDeclined', data: { orderId, reason, declinedAt: at } });
const declined = declinedFor('insufficient-funds');
const givenUp = declinedFor('deadline');
const captured: PaymentEvent = { type: 'PaymentCaptured', data: { orderId, amount, captureId: 'cap_1', capturedAt: at } };
const captureFailed: PaymentEvent = { type: 'PaymentCaptureFailed', data: { orderId, amount, reason: 'capture-refused', failedAt: at } };
const voided: PaymentEvent = { type: 'PaymentVoided', data: { orderId, amount, voidId: 'void_1', voidedAt: at } };
const refunded: PaymentEvent = { type: 'PaymentRefunded', data: { orderId, amount, refundId: 'ref_1', refundedAt: at } };

const toAuthorised = [requested, authorised];
const toCaptured = [...toAuthorised, captured];
const toCaptureFailed = [...toAuthorised, captureFailed];
const toVoided = [...toAuthorised, voided];
const toVoidedAfterFailure = [...toCaptureFailed, voided];
const toRefunded = [...toCaptured, refunded];
const stateAfter = (...events: PaymentEvent[]): PaymentState =>
  events.reduce((state, event) => paymentDecider.evolve(state, event), paymentDecider.initialState);

describe('A payment', () => {
  it('is requested, authorised and captured', () => {
    given(paymentDecider).when(commands.request).then(requested);
    given(paymentDecider, requested).when(commands.authorise).then(authorised);
    given(paymentDecider, ...toAuthorised)
      .when(commands.capture)
      .then(captured);
  });

  it('may be declined instead', () => {
    given(paymentDecider, requested).when(commands.decline).then(declined);
  });

  it('may fail to be captured, for good', () => {
    given(paymentDecider, ...toAuthorised)
      .when(commands.failCapture)
      .then(captureFailed);
  });

  it('is voided when it is not wanted any more, also after its capture has failed', () => {
    given(paymentDecider, ...toAuthorised)
      .when(commands.void)
      .then(voided);
    given(paymentDecider, ...toCaptureFailed)
      .when(commands.void)
      .then(voided);
  });

  it('is refunded once it was captured', () => {
    given(paymentDecider, ...toCaptured)
      .when(commands.refund)
      .then(refunded);
  });

  it('knows after its end what was done at the provider', () => {
    expect(stateAfter(...toVoided)).toEqual({ status: 'voided', authorisationId: 'auth_1', voidId: 'void_1', captureFailed: false });
    expect(stateAfter(...toVoidedAfterFailure)).toMatchObject({ status: 'voided', captureFailed: true });
    expect(stateAfter(...toRefunded)).toEqual({ status: 'refunded', authorisationId: 'auth_1', captureId: 'cap_1', refundId: 'ref_1' });
  });

  it.each<[string, PaymentCommand, PaymentEvent[]]>([
    ['request', commands.request, [requested]],
    ['request, long after', commands.request, toRefunded],
    ['authorisation', commands.authorise, toAuthorised],
    ['authorisation, after its capture', commands.authorise, toCaptured],
    ['authorisation, after its capture failed', commands.authorise, toCaptureFailed],
    ['authorisation, after its void', commands.authorise, toVoided],
    ['authorisation, after its refund', commands.authorise, toRefunded],
    ['decline', commands.decline, [requested, declined]],
    ['decline, after it was given up', commands.decline, [requested, givenUp]],
    ['capture', commands.capture, toCaptured],
    ['capture, after its refund', commands.capture, toRefunded],
    ['failure to capture', commands.failCapture, toCaptureFailed],
    ['failure to capture, after its void', commands.failCapture, toVoidedAfterFailure],
    ['void', commands.void, toVoided],
    ['void after a failed capture', commands.void, toVoidedAfterFailure],
    ['refund', commands.refund, toRefunded],
  ])('records a %s once', (_, command, history) => {
    given(paymentDecider, ...history)
      .when(command)
      .then();
  });

  it.each<[string, PaymentCommand, PaymentEvent[]]>([
    ['an authorisation that nobody requested', commands.authorise, []],
    ['a second authorisation', { ...commands.authorise, authorisationId: 'auth_2' }, toAuthorised],
    ['a second authorisation after the capture', { ...commands.authorise, authorisationId: 'auth_2' }, toCaptured],
    ['a second authorisation after the void', { ...commands.authorise, authorisationId: 'auth_2' }, toVoided],
    ['a second authorisation after the refund', { ...commands.authorise, authorisationId: 'auth_2' }, toRefunded],
    ['an authorisation of what the provider declined', commands.authorise, [requested, declined]],
    ['an authorisation of another amount', { ...commands.authorise, amount: otherAmount }, [requested]],
    ['an authorisation of another currency', { ...commands.authorise, amount: { ...amount, currency: 'CHF' } }, [requested]],
    ['the same authorisation with another amount', { ...commands.authorise, amount: otherAmount }, toAuthorised],
    ['a decline of what was authorised', commands.decline, toAuthorised],
    ['a decline of what was voided', commands.decline, toVoided],
    ['a decline that nobody requested', commands.decline, []],
    ['giving up what nobody requested', commands.giveUp, []],
    ['a capture of what is not authorised', commands.capture, [requested]],
    ['a capture of what was declined', commands.capture, [requested, declined]],
    ['a capture of what was voided', commands.capture, toVoided],
    ['a capture of another amount', { ...commands.capture, amount: otherAmount }, toAuthorised],
    ['the same capture with another amount', { ...commands.capture, amount: otherAmount }, toCaptured],
    ['a second capture', { ...commands.capture, captureId: 'cap_2' }, toCaptured],
    ['a second capture after the refund', { ...commands.capture, captureId: 'cap_2' }, toRefunded],
    ['a capture after it failed for good', commands.capture, toCaptureFailed],
    ['a failure of what was captured', commands.failCapture, toCaptured],
    ['a failure to capture what was voided without it', commands.failCapture, toVoided],
    ['a void of what is not authorised', commands.void, [requested]],
    ['a void of what was declined', commands.void, [requested, declined]],
    ['a void of what was captured', commands.void, toCaptured],
    ['a void of what was refunded', commands.void, toRefunded],
    ['a void that released another amount', { ...commands.void, amount: { amount: 0, currency: 'EUR' } }, toAuthorised],
    ['a refund of what is only authorised', commands.refund, toAuthorised],
    ['a refund of what could not be captured', commands.refund, toCaptureFailed],
    ['a refund of what was voided', commands.refund, toVoided],
    ['a refund of another amount', { ...commands.refund, amount: otherAmount }, toCaptured],
    ['a second refund', { ...commands.refund, refundId: 'ref_2' }, toRefunded],
  ])('takes %s for a defect', (_, command, history) => {
    given(paymentDecider, ...history)
      .when(command)
      .thenThrows(/contradicts what is known of payment/);
  });

  it('says which amounts do not agree', () => {
    given(paymentDecider, requested)
      .when({ ...commands.authorise, amount: otherAmount })
      .thenThrows(/it is requested with 4900 EUR, not 4901 EUR$/);
  });

  it.each<[PaymentEvent, PaymentState]>([
    [captured, { status: 'requested', amount }],
    [captureFailed, { status: 'declined', reason: 'x' }],
    [voided, { status: 'requested', amount }],
    [refunded, stateAfter(...toAuthorised)],
  ])('never was what $type says without what comes before', (event, state) => {
    expect(() => paymentDecider.evolve(state, event)).toThrow("can't follow");
  });
});

describe('A payment that is given up', () => {
  it.each([commands.giveUp, cancel])('is declined for our reason: $reason', (command) => {
    given(paymentDecider, requested).when(command).then(declinedFor(command.reason));
    expect(isGivenUp(stateAfter(requested, declinedFor(command.reason)))).toBe(true);
  });

  it('stays given up, whatever the provider says later', () => {
    given(paymentDecider, requested, givenUp).when(commands.authorise).then();
    given(paymentDecider, requested, givenUp)
      .when({ ...commands.authorise, amount: otherAmount })
      .then();
    given(paymentDecider, requested, givenUp).when(commands.decline).then();
    given(paymentDecider, requested, givenUp).when(cancel).then();
  });

  it.each<[string, PaymentEvent[]]>([
    ['authorised', toAuthorised],
    ['declined by the provider', [requested, declined]],
    ['captured', toCaptured],
    ['not to be captured', toCaptureFailed],
    ['voided', toVoided],
    ['refunded', toRefunded],
  ])('was not given up when an answer came before: %s', (_, history) => {
    given(paymentDecider, ...history)
      .when(commands.giveUp)
      .then();
    given(paymentDecider, ...history)
      .when(cancel)
      .then();
    expect(isGivenUp(stateAfter(...history))).toBe(false);
  });

  it.each([...GIVE_UP_REASONS])('can’t be one that the provider declined, even if its reason reads %s', (reason) => {
    const refusal = { ...commands.decline, reason };
    given(paymentDecider, requested)
      .when(refusal)
      .then(declinedFor(`provider: ${reason}`));
    given(paymentDecider, requested, declinedFor(`provider: ${reason}`))
      .when(commands.authorise)
      .thenThrows(/contradicts/);
  });
});

describe('A payment, whatever is said of it in whatever order and however often,', () => {
  const sayings: PaymentCommand[] = [
    ...Object.values(commands),
    cancel,
    { ...commands.decline, reason: 'deadline' },
    { ...commands.authorise, authorisationId: 'auth_2' },
    { ...commands.authorise, amount: otherAmount },
    { ...commands.capture, captureId: 'cap_2' },
    { ...commands.capture, amount: otherAmount },
    { ...commands.void, voidId: 'void_2' },
    { ...commands.void, amount: otherAmount },
    { ...commands.refund, refundId: 'ref_2' },
    { ...commands.refund, amount: otherAmount },
  ];
  const saying = fc.constantFrom(...sayings);
  // Half of them begin like an ordinary payment, so that its later life is met often enough.
  const beginnings: PaymentCommand[][] = [
    [],
    [commands.request],
    [commands.request, commands.authorise],
    [commands.request, commands.authorise, commands.capture],
    [commands.request, commands.authorise, commands.failCapture],
  ];
  const anything = fc
    .tuple(fc.constantFrom(...beginnings), fc.array(saying, { maxLength: 20 }))
    .map(([beginning, said]) => [...beginning, ...said]);

  it('has one outcome of each kind at most, each only after what it needs, and all about one amount', () => {
    fc.assert(
      fc.property(anything, (said) => {
        const { events } = live(said);
        const count = (...types: PaymentEvent['type'][]): number => events.filter(({ type }) => types.includes(type)).length;
        expect(count('PaymentRequested')).toBeLessThanOrEqual(1);
        expect(count('PaymentAuthorised', 'PaymentDeclined')).toBeLessThanOrEqual(count('PaymentRequested'));
        expect(count('PaymentCaptured', 'PaymentCaptureFailed')).toBeLessThanOrEqual(count('PaymentAuthorised'));
        expect(count('PaymentVoided', 'PaymentCaptured')).toBeLessThanOrEqual(count('PaymentAuthorised'));
        expect(count('PaymentRefunded')).toBeLessThanOrEqual(count('PaymentCaptured'));
        for (const { data } of events) if ('amount' in data) expect(data.amount).toEqual(amount);
      }),
    );
  });

  it('has its end as its last event: nothing follows a decline, a void or a refund', () => {
    fc.assert(
      fc.property(anything, (said) => {
        const { events } = live(said);
        for (const { type } of events.slice(0, -1)) expect(['PaymentDeclined', 'PaymentVoided', 'PaymentRefunded']).not.toContain(type);
      }),
    );
  });

  it('is given up exactly when we said so before any answer', () => {
    fc.assert(
      fc.property(anything, (said) => {
        const { state } = live(said);
        const answer = said
          .slice(said.indexOf(commands.request) + 1)
          .find(
            ({ type, ...about }) =>
              type === 'GiveUpPayment' ||
              type === 'RecordDecline' ||
              (type === 'RecordAuthorisation' && !('amount' in about && about.amount === otherAmount)),
          );
        expect(isGivenUp(state)).toBe(said.includes(commands.request) && answer?.type === 'GiveUpPayment');
      }),
    );
  });

  it('records nothing a second time that is said twice', () => {
    fc.assert(
      fc.property(anything, saying, (said, again) => {
        const { events } = live([...said, again]);
        expect(live([...said, again, again]).events).toEqual(events);
      }),
    );
  });

  it('takes what it has recorded for recorded ever after', () => {
    fc.assert(
      fc.property(anything, (said) => {
        const { state, accepted } = live(said);
        for (const command of accepted) expect(paymentDecider.decide(command, state)).toEqual([]);
      }),
    );
  });
});

/** What a stream holds after these commands; defects are thrown and leave nothing. */
function live(said: readonly PaymentCommand[]): { state: PaymentState; events: PaymentEvent[]; accepted: PaymentCommand[] } {
  let state = paymentDecider.initialState;
  const events: PaymentEvent[] = [];
  const accepted: PaymentCommand[] = [];
  for (const command of said) {
    try {
      const decided = paymentDecider.decide(command, state) as readonly PaymentEvent[];
      if (decided.length > 0) accepted.push(command);
      for (const event of decided) {
        state = paymentDecider.evolve(state, event);
        events.push(event);
      }
    } catch (fault) {
      expect(fault).toMatchObject({ message: expect.stringContaining('contradicts') });
    }
  }
  return { state, events, accepted };
}
