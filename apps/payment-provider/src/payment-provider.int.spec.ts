import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningService, startService } from '@orderstream/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from './book.ts';
import { PaymentProviderModule } from './payment-provider.module.ts';

const EUR = (amount: number): object => ({ amount, currency: 'EUR' });
let folder: string;
let provider: RunningService;
let keys = 0;
const newKey = (): string => `payment-order-${++keys}/authorise`;

const start = (): Promise<RunningService> =>
  startService({
    name: 'payment-provider',
    module: PaymentProviderModule.with({ DATA_DIR: folder }),
    config: { HOST: '127.0.0.1', PORT: 0, LOG_LEVEL: 'fatal' },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'payment-provider-'));
  provider = await start();
});
afterAll(async () => {
  await provider.stop();
  await rm(folder, { recursive: true });
});

const post = (path: string, key: string | null, body: object): Promise<Response> =>
  fetch(`${provider.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key === null ? {} : { 'idempotency-key': key }) },
    body: JSON.stringify(body),
  });
const authorise = (key: string, paymentMethod: string, amount = 500): Promise<Response> =>
  post('/authorisations', key, { reference: key, amount: EUR(amount), paymentMethod });
const operationOf = async (response: Response): Promise<Operation> => {
  expect(response.status).toBe(201);
  return (await response.json()) as Operation;
};
const lookUp = (key: string): Promise<Response> => fetch(`${provider.url}/operations/${encodeURIComponent(key)}`);

describe('The payment provider', () => {
  it('books a request once and answers it the same every time, also after a restart', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 10 }, async () => operationOf(await authorise(key, 'pm_card_ok'))));
    expect(answers[0]).toMatchObject({ kind: 'authorisation', outcome: 'succeeded', reason: null, amount: EUR(500) });
    await provider.stop();
    provider = await start();
    for (const answer of [...answers, await operationOf(await authorise(key, 'pm_card_ok'))]) expect(answer).toEqual(answers[0]);
    expect(await (await lookUp(key)).json()).toEqual(answers[0]);
  });

  it('refuses a key that was used for another request, and books nothing', async () => {
    const key = newKey();
    const first = await operationOf(await authorise(key, 'pm_card_ok', 500));
    expect((await authorise(key, 'pm_card_ok', 501)).status).toBe(422);
    expect((await post(`/authorisations/${first.id}/captures`, key, { amount: EUR(500) })).status).toBe(422);
    expect(await (await lookUp(key)).json()).toEqual(first);
  });

  it.each([
    ['pm_card_declined', 'insufficient-funds'],
    ['pm_nonsense', 'unknown-payment-method'],
    ['constructor', 'unknown-payment-method'],
  ])('declines %s: %s', async (paymentMethod, reason) => {
    expect(await operationOf(await authorise(newKey(), paymentMethod))).toMatchObject({ outcome: 'refused', reason });
  });

  it('answers the first two requests of pm_card_unstable with 503 and knows nothing of them', async () => {
    const key = newKey();
    expect((await authorise(key, 'pm_card_unstable')).status).toBe(503);
    expect((await authorise(key, 'pm_card_unstable')).status).toBe(503);
    expect((await lookUp(key)).status).toBe(404);
    const booked = await operationOf(await authorise(key, 'pm_card_unstable'));
    expect(await operationOf(await authorise(key, 'pm_card_unstable'))).toEqual(booked);
  });

  it('books the first request of pm_card_lost_reply and drops the connection', async () => {
    const key = newKey();
    await expect(authorise(key, 'pm_card_lost_reply')).rejects.toThrow('fetch failed');
    const booked = (await (await lookUp(key)).json()) as Operation;
    expect(booked.outcome).toBe('succeeded');
    expect(await operationOf(await authorise(key, 'pm_card_lost_reply'))).toEqual(booked);
  });

  it('books pm_card_slow before it answers', async () => {
    const key = newKey();
    const answer = authorise(key, 'pm_card_slow');
    await expect.poll(async () => (await lookUp(key)).status).toBe(200);
    expect(await operationOf(await answer)).toMatchObject({ outcome: 'succeeded' });
  });

  it('captures what was authorised, and never more', async () => {
    const { id, reference } = await operationOf(await authorise(newKey(), 'pm_card_ok', 500));
    const capture = (key: string, amount: object): Promise<Response> => post(`/authorisations/${id}/captures`, key, { amount });
    expect((await capture(newKey(), { amount: 500, currency: 'USD' })).status).toBe(422);
    const key = newKey();
    const captured = await operationOf(await capture(key, EUR(500)));
    expect(captured).toMatchObject({ kind: 'capture', outcome: 'succeeded', authorisationId: id, reference });
    expect(await operationOf(await capture(key, EUR(500)))).toEqual(captured);
    expect(await operationOf(await capture(newKey(), EUR(1)))).toMatchObject({ outcome: 'refused', reason: 'more-than-authorised' });
  });

  it('refuses the capture of pm_card_capture_refused for good, of what it declined, and of what it never saw', async () => {
    const capture = async (id: string): Promise<Response> => post(`/authorisations/${id}/captures`, newKey(), { amount: EUR(500) });
    const fickle = await operationOf(await authorise(newKey(), 'pm_card_capture_refused'));
    expect(await operationOf(await capture(fickle.id))).toMatchObject({ outcome: 'refused', reason: 'capture-refused' });
    const declined = await operationOf(await authorise(newKey(), 'pm_card_declined'));
    expect(await operationOf(await capture(declined.id))).toMatchObject({ outcome: 'refused', reason: 'more-than-authorised' });
    expect((await capture('auth_unknown')).status).toBe(404);
  });

  it.each([
    ['without a key', null, { reference: 'r', amount: EUR(1), paymentMethod: 'pm_card_ok' }],
    ['without an amount', 'k', { reference: 'r', paymentMethod: 'pm_card_ok' }],
    ['with a negative amount', 'k', { reference: 'r', amount: EUR(-1), paymentMethod: 'pm_card_ok' }],
    ['with a fraction of a cent', 'k', { reference: 'r', amount: EUR(1.5), paymentMethod: 'pm_card_ok' }],
    ['with an unknown field', 'k', { reference: 'r', amount: EUR(1), paymentMethod: 'pm_card_ok', tip: 1 }],
  ])('refuses a request %s', async (_, key, body) => {
    expect((await post('/authorisations', key, body)).status).toBe(400);
    expect((await lookUp('k')).status).toBe(404);
  });

  it('shows its whole book, page by page', async () => {
    const seen: number[] = [];
    for (let after: number | null = 0; after !== null; ) {
      const answer = (await (await fetch(`${provider.url}/book?after=${after}&limit=3`)).json()) as { operations: Operation[]; next: number | null };
      seen.push(...answer.operations.map((operation) => operation.sequence));
      after = answer.next;
    }
    expect(seen.length).toBeGreaterThan(6);
    expect(seen).toEqual(seen.map((_, index) => index + 1));
  });
});
