import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DependencyUnavailable } from '@orderstream/messaging';
import { afterEach, describe, expect, it } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import { HttpPaymentGateway } from './http-payment-gateway.ts';
import { MisunderstoodRequest } from './payment-gateway.ts';
import { paymentGatewayContract } from './testing/payment-gateway-contract.ts';
import { providerOfSpec } from './testing/provider-of-spec.ts';

const orderId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const amount = { amount: 4_900, currency: 'EUR' };
const { signal } = new AbortController();
const provider = await providerOfSpec(PaymentProviderModule);
const gateway = new HttpPaymentGateway(`${provider.url}/`);

paymentGatewayContract('The gateway to the payment provider', () => gateway);

describe('The gateway to the payment provider', () => {
  const authorise = (key: string, paymentMethod: string): ReturnType<HttpPaymentGateway['authorise']> =>
    gateway.authorise(key, { orderId, amount, paymentMethod }, signal);

  it('does not know the outcome when the reply is lost, and can look it up', async () => {
    await expect(authorise('payment-c/authorise', 'pm_card_lost_reply')).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(await gateway.find('payment-c/authorise', signal)).toMatchObject({ amount, refusal: null });
    const release = gateway.void('payment-c/void', { orderId, authorisationKey: 'payment-c/authorise', amount }, signal);
    await expect(release).rejects.toBeInstanceOf(DependencyUnavailable);
    expect(await gateway.find('payment-c/void', signal)).toMatchObject({ amount, refusal: null });
  });

  it('says what it was answered when that says nothing of the outcome', async () => {
    await expect(authorise('payment-d/authorise', 'pm_card_unstable')).rejects.toThrow('payment-provider does not answer: it answered 503');
  });

  it('says what the provider does not understand', async () => {
    await authorise('payment-e/authorise', 'pm_card_ok');
    await expect(authorise('payment-e/authorise', 'pm_card_declined')).rejects.toThrow('idempotency-key-reused');
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
