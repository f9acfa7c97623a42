import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DependencyUnavailable } from '@orderstream/messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { HttpPaymentGateway } from './http-payment-gateway.ts';
import { MisunderstoodRequest } from './payment-gateway.ts';
import { providerOfSpec } from './testing/provider-of-spec.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const amount = { amount: 4_900, currency: 'EUR' };
const { signal } = new AbortController();
const provider = await providerOfSpec(PaymentProviderModule);
const gateway = new HttpPaymentGateway(`${provider.url}/`);

describe('The gateway to the payment provider', () => {
  const authorise = (key: string, paymentMethod: string): ReturnType<HttpPaymentGateway['authorise']> =>
    gateway.authorise(key, { orderId, amount, paymentMethod }, signal);

  it('authorises, captures, and finds both again', async () => {
    const authorised = await authorise('payment-a/authorise', 'pm_card_ok');
    expect(authorised).toMatchObject({ amount, refusal: null, recordedAt: expect.stringMatching(/\.\d{3}Z$/) });
    const captured = await gateway.capture('payment-a/capture', { authorisationId: authorised.id, amount }, signal);
    expect(captured).toMatchObject({ amount, refusal: null });
    expect(await gateway.find('payment-a/authorise', signal)).toEqual(authorised);
    expect(await gateway.find('payment-a/capture', signal)).toEqual(captured);
    expect(await gateway.find('payment-never/authorise', signal)).toBeNull();
  });

  it('refunds what was captured, once under a key, and finds it again', async () => {
    const authorised = await authorise('payment-r/authorise', 'pm_card_ok');
    const captured = await gateway.capture('payment-r/capture', { authorisationId: authorised.id, amount }, signal);
    const refunded = await gateway.refund('payment-r/refund', { captureId: captured.id, amount }, signal);
    expect(refunded).toMatchObject({ amount, refusal: null, recordedAt: expect.stringMatching(/\.\d{3}Z$/) });
    expect(await gateway.refund('payment-r/refund', { captureId: captured.id, amount }, signal)).toEqual(refunded);
    expect(await gateway.find('payment-r/refund', signal)).toEqual(refunded);
    const again = gateway.refund('payment-r/again', { captureId: captured.id, amount }, signal);
    expect(await again).toMatchObject({ refusal: 'more-than-captured' });
  });

  const release = (order: string): ReturnType<HttpPaymentGateway['void']> =>
    gateway.void(`payment-${order}/void`, { orderId, authorisationKey: `payment-${order}/authorise`, amount }, signal);

  it('voids what is held, once, and finds it again', async () => {
    const authorised = await authorise('payment-v/authorise', 'pm_card_ok');
    const voided = await release('v');
    expect(voided).toMatchObject({ amount, refusal: null });
    expect(await release('v')).toEqual(voided);
    expect(await gateway.find('payment-v/void', signal)).toEqual(voided);
    const capture = gateway.capture('payment-v/capture', { authorisationId: authorised.id, amount }, signal);
    expect(await capture).toMatchObject({ refusal: 'voided' });
  });

  it('voids what is not there yet: nothing will ever be held under its key', async () => {
    expect(await release('w')).toMatchObject({ amount: { ...amount, amount: 0 }, refusal: null });
    expect(await gateway.find('payment-w/authorise', signal)).toBeNull();
    expect(await authorise('payment-w/authorise', 'pm_card_ok')).toMatchObject({ refusal: 'voided' });
  });

  it('can’t void what was captured', async () => {
    const authorised = await authorise('payment-x/authorise', 'pm_card_ok');
    await gateway.capture('payment-x/capture', { authorisationId: authorised.id, amount }, signal);
    expect(await release('x')).toMatchObject({ refusal: 'captured' });
  });

  it('takes a refusal for an answer', async () => {
    expect(await authorise('payment-b/authorise', 'pm_card_declined')).toMatchObject({ refusal: 'insufficient-funds' });
  });

  it('does not know the outcome when the reply is lost, and can look it up', async () => {
    await expect(authorise('payment-c/authorise', 'pm_card_lost_reply')).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(await gateway.find('payment-c/authorise', signal)).toMatchObject({ amount, refusal: null });
    await expect(release('c')).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(await gateway.find('payment-c/void', signal)).toMatchObject({ amount, refusal: null });
  });

  it('does not know the outcome of a 503', async () => {
    await expect(authorise('payment-d/authorise', 'pm_card_unstable')).rejects.toThrow('payment-provider does not answer: it answered 503');
  });

  it('says so when the provider does not understand it', async () => {
    await authorise('payment-e/authorise', 'pm_card_ok');
    const another = authorise('payment-e/authorise', 'pm_card_declined');
    await expect(another).rejects.toBeInstanceOf(MisunderstoodRequest);
    await expect(another).rejects.toThrow('idempotency-key-reused');
    const unknown = gateway.refund('payment-e/refund', { captureId: 'cap_unknown', amount }, signal);
    await expect(unknown).rejects.toBeInstanceOf(MisunderstoodRequest);
  });

  it('is broken off when the caller ends', async () => {
    const ending = new AbortController();
    const pending = gateway.authorise('payment-f/authorise', { orderId, amount, paymentMethod: 'pm_card_slow' }, ending.signal);
    await expect.poll(() => gateway.find('payment-f/authorise', signal)).not.toBeNull();
    ending.abort();
    await expect(pending).rejects.toBeInstanceOf(DependencyUnavailable);
  });

  it('answers a ping', async () => {
    await gateway.ping();
  });
});

describe('A payment provider that is not itself', () => {
  let server: Server;
  const stop = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  afterEach(stop);
  const gatewayTo = async (answer: (response: ServerResponse) => void): Promise<HttpPaymentGateway> => {
    server = createServer((_, response) => answer(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new HttpPaymentGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };

  it.each([
    ['no JSON', '<html>'],
    ['an operation without an id', JSON.stringify({ amount, outcome: 'succeeded', reason: null, recordedAt: '2026-01-02T03:04:05Z' })],
    ['another outcome', JSON.stringify({ id: 'x', amount, outcome: 'maybe', reason: null, recordedAt: '2026-01-02T03:04:05Z' })],
    [
      'half a surrogate pair in a reason',
      JSON.stringify({ id: 'x', amount, outcome: 'refused', reason: 'no \ud83d', recordedAt: '2026-01-02T03:04:05Z' }),
    ],
    [
      'an id that has no end',
      JSON.stringify({ id: 'x'.repeat(2_000), amount, outcome: 'succeeded', reason: null, recordedAt: '2026-01-02T03:04:05Z' }),
    ],
    [
      'an amount beyond 2^53',
      `{"id":"x","amount":{"amount":9007199254740993,"currency":"EUR"},"outcome":"succeeded","reason":null,"recordedAt":"2026-01-02T03:04:05Z"}`,
    ],
    [
      'a day that does not exist',
      JSON.stringify({ id: 'x', amount, outcome: 'succeeded', reason: null, recordedAt: '2026-02-31T03:04:05Z' }),
    ],
    ['the year 0', JSON.stringify({ id: 'x', amount, outcome: 'succeeded', reason: null, recordedAt: '0000-01-02T03:04:05Z' })],
  ])('is misunderstood, not believed, when it answers %s', async (_, body) => {
    const gateway = await gatewayTo((response) => response.writeHead(200).end(body));
    await expect(gateway.find('key', signal)).rejects.toBeInstanceOf(MisunderstoodRequest);
  });

  it('has said nothing of the outcome in bytes that are not UTF-8', async () => {
    const gateway = await gatewayTo((response) => response.writeHead(200).end(Buffer.from('{"id":"K\xe4se"}', 'latin1')));
    await expect(gateway.find('key', signal)).rejects.toBeInstanceOf(DependencyUnavailable);
  });

  it.each([500, 502, 504, 429])('has said nothing of the outcome with %i', async (status) => {
    const gateway = await gatewayTo((response) => response.writeHead(status).end());
    await expect(gateway.find('key', signal)).rejects.toBeInstanceOf(DependencyUnavailable);
    await expect(gateway.ping()).rejects.toBeInstanceOf(DependencyUnavailable);
  });

  it('is named with the reason when it is not there', async () => {
    const gateway = await gatewayTo(() => {});
    await stop();
    await expect(gateway.ping()).rejects.toThrow(/payment-provider does not answer: connect ECONNREFUSED/);
  });
});
