import { randomUUID } from 'node:crypto';
import { DependencyUnavailable } from '@orderstream/messaging';
import { beforeEach, describe, expect, it } from 'vitest';
import { MisunderstoodRequest, type PaymentGateway, type ProviderOperation } from '../payment-gateway.ts';

const amount = { amount: 4_900, currency: 'EUR' };
const nothing = { ...amount, amount: 0 };
const { signal } = new AbortController();

/** Every implementation of the PaymentGateway port, and the provider behind it, passes this. */
export function paymentGatewayContract(name: string, open: () => PaymentGateway): void {
  describe(`${name} keeps the contract of a payment gateway`, () => {
    let gateway: PaymentGateway;
    let orderId: string;
    beforeEach(() => {
      gateway = open();
      orderId = randomUUID();
    });
    const key = (step: string): string => `payment-${orderId}/${step}`;
    const authorise = (paymentMethod = 'pm_card_ok'): Promise<ProviderOperation> =>
      gateway.authorise(key('authorise'), { orderId, amount, paymentMethod }, signal);
    const capture = (authorisationId: string, step = 'capture', of = amount): Promise<ProviderOperation> =>
      gateway.capture(key(step), { authorisationId, amount: of }, signal);
    const release = (step = 'void', of = amount): Promise<ProviderOperation> =>
      gateway.void(key(step), { orderId, authorisationKey: key('authorise'), amount: of }, signal);
    const refund = (captureId: string, step = 'refund', of = amount): Promise<ProviderOperation> =>
      gateway.refund(key(step), { captureId, amount: of }, signal);
    const found = (step: string): Promise<ProviderOperation | null> => gateway.find(key(step), signal);
    const unanswered = (asked: Promise<unknown>): Promise<void> => expect(asked).rejects.toBeInstanceOf(DependencyUnavailable);

    it('authorises, captures and refunds, each once under its key, and finds it again', async () => {
      const authorised = await authorise();
      const captured = await capture(authorised.id);
      const refunded = await refund(captured.id);
      for (const done of [authorised, captured, refunded])
        expect(done).toEqual({
          id: expect.any(String) as string,
          amount,
          refusal: null,
          recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        });
      expect([await authorise(), await capture(authorised.id), await refund(captured.id)]).toEqual([authorised, captured, refunded]);
      expect([await found('authorise'), await found('capture'), await found('refund')]).toEqual([authorised, captured, refunded]);
      expect(await found('never')).toBeNull();
    });

    it('does once what is asked for several times at once, and nothing for a caller that has ended', async () => {
      const [one, ...others] = await Promise.all([authorise(), authorise(), authorise()]);
      expect(others).toEqual([one, one]);
      await unanswered(gateway.capture(key('capture'), { authorisationId: one.id, amount }, AbortSignal.abort()));
      await unanswered(gateway.find(key('authorise'), AbortSignal.abort()));
      expect(await found('capture')).toBeNull();
    });

    it('gives a refusal for an answer, and finds it again', async () => {
      const declined = await authorise('pm_card_declined');
      expect(declined).toMatchObject({ amount, refusal: 'insufficient-funds' });
      expect(await found('authorise')).toEqual(declined);
      expect(await capture(declined.id)).toMatchObject({ refusal: 'more-than-authorised' });
    });

    it('takes and gives back no more than there is', async () => {
      const { id } = await authorise();
      expect(await capture(id, 'capture-more', { ...amount, amount: 4_901 })).toMatchObject({ refusal: 'more-than-authorised' });
      const captured = await capture(id);
      expect(await capture(id, 'capture-again')).toMatchObject({ refusal: 'more-than-authorised' });
      expect(await refund(captured.id, 'refund-more', { ...amount, amount: 4_901 })).toMatchObject({ refusal: 'more-than-captured' });
      await refund(captured.id);
      expect(await refund(captured.id, 'refund-again')).toMatchObject({ refusal: 'more-than-captured' });
    });

    it('refuses the capture for good with some cards: what is held is released, and there is nothing to refund', async () => {
      const refused = await capture((await authorise('pm_card_capture_refused')).id);
      expect(refused).toMatchObject({ refusal: 'capture-refused' });
      expect(await refund(refused.id)).toMatchObject({ refusal: 'more-than-captured' });
      expect(await release()).toMatchObject({ amount, refusal: null });
    });

    it('voids what is held, once, so that it can’t be captured any more', async () => {
      const { id } = await authorise();
      const voided = await release();
      expect(voided).toMatchObject({ amount, refusal: null });
      expect(await release()).toEqual(voided);
      expect(await found('void')).toEqual(voided);
      expect(await release('void-again')).toMatchObject({ amount: nothing, refusal: null });
      expect(await capture(id)).toMatchObject({ refusal: 'voided' });
    });

    it('voids what is not there yet: nothing will ever be held under its key', async () => {
      expect(await release()).toMatchObject({ amount: nothing, refusal: null });
      expect(await found('authorise')).toBeNull();
      const late = await authorise();
      expect(late).toMatchObject({ refusal: 'voided' });
      expect(await capture(late.id)).toMatchObject({ refusal: 'voided' });
    });

    it('voids nothing once money was taken, also when it went back', async () => {
      const { id } = await authorise();
      const captured = await capture(id, 'capture', { ...amount, amount: 4_000 });
      expect(await release()).toMatchObject({ amount: nothing, refusal: 'captured' });
      expect(await capture(id, 'capture-the-rest', { ...amount, amount: 900 })).toMatchObject({ refusal: null });
      await refund(captured.id, 'refund', { ...amount, amount: 4_000 });
      expect(await release('void-later')).toMatchObject({ amount: nothing, refusal: 'captured' });
    });

    it('does not answer the first two requests under each key with some cards, and has done nothing then', async () => {
      for (const _ of [1, 2]) {
        await unanswered(authorise('pm_card_unstable'));
        expect(await found('authorise')).toBeNull();
      }
      const { id } = await authorise('pm_card_unstable');
      for (const _ of [1, 2]) await unanswered(capture(id));
      const captured = await capture(id);
      for (const _ of [1, 2]) await unanswered(refund(captured.id));
      expect(await refund(captured.id)).toMatchObject({ refusal: null });
    });

    it('never answers with some cards, of which it can say that there is nothing, and close their key', async () => {
      for (const _ of [1, 2, 3]) await unanswered(authorise('pm_card_silent'));
      expect(await found('authorise')).toBeNull();
      expect(await release()).toMatchObject({ amount: nothing, refusal: null });
    });

    it('makes no sense of what contradicts its book, and does nothing', async () => {
      const { id } = await authorise();
      const dollars = { ...amount, currency: 'USD' };
      const another = { orderId: randomUUID(), authorisationKey: key('authorise'), amount };
      for (const ask of [
        () => authorise('pm_card_declined'),
        () => capture(id, 'authorise'),
        () => capture('auth_unknown', 'nonsense'),
        () => capture(id, 'nonsense', dollars),
        () => refund(id, 'nonsense'),
        () => release('nonsense', dollars),
        () => gateway.void(key('nonsense'), another, signal),
      ])
        await expect(ask()).rejects.toBeInstanceOf(MisunderstoodRequest);
      expect(await found('nonsense')).toBeNull();
      const captured = await capture(id);
      await expect(refund(captured.id, 'nonsense', dollars)).rejects.toBeInstanceOf(MisunderstoodRequest);
    });
  });
}
