import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type RunningService, startService } from '@orderstream/service';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from './book-schema.ts';
import { Book } from './book.ts';
import type { Operation } from './operation.ts';
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
const capture = (id: string, amount: object, key = newKey()): Promise<Response> => post(`/authorisations/${id}/captures`, key, { amount });
const refund = (id: string, amount: object, key = newKey()): Promise<Response> => post(`/captures/${id}/refunds`, key, { amount });
/** References are the keys of authorisations in this file. */
const voidOf = (authorisationKey: string, amount = EUR(500), key = `${authorisationKey}-void`): Promise<Response> =>
  post('/voids', key, { reference: authorisationKey, authorisationKey, amount });
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

  it('answers every authorisation of pm_card_silent with 503, looks it up and voids it all the same', async () => {
    const key = newKey();
    for (const _ of [1, 2, 3, 4, 5]) expect((await authorise(key, 'pm_card_silent')).status).toBe(503);
    expect((await lookUp(key)).status).toBe(404);
    expect(await operationOf(await voidOf(key))).toMatchObject({ outcome: 'succeeded', amount: EUR(0) });
    expect((await authorise(key, 'pm_card_silent')).status).toBe(503);
  });

  it('captures what was authorised, and never more', async () => {
    const { id, reference } = await operationOf(await authorise(newKey(), 'pm_card_ok', 500));
    expect((await capture(id, { amount: 500, currency: 'USD' })).status).toBe(422);
    const key = newKey();
    const captured = await operationOf(await capture(id, EUR(500), key));
    expect(captured).toMatchObject({ kind: 'capture', outcome: 'succeeded', authorisationId: id, reference });
    expect(await operationOf(await capture(id, EUR(500), key))).toEqual(captured);
    expect(await operationOf(await capture(id, EUR(1)))).toMatchObject({ outcome: 'refused', reason: 'more-than-authorised' });
  });

  it('refuses the capture of pm_card_capture_refused for good, of what it declined, and of what it never saw', async () => {
    const fickle = await operationOf(await authorise(newKey(), 'pm_card_capture_refused'));
    expect(await operationOf(await capture(fickle.id, EUR(500)))).toMatchObject({ outcome: 'refused', reason: 'capture-refused' });
    const declined = await operationOf(await authorise(newKey(), 'pm_card_declined'));
    expect(await operationOf(await capture(declined.id, EUR(500)))).toMatchObject({ outcome: 'refused', reason: 'more-than-authorised' });
    expect((await capture('auth_unknown', EUR(500))).status).toBe(404);
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
    for (let after: number | null = 0; after !== null;) {
      const answer = (await (await fetch(`${provider.url}/book?after=${after}&limit=3`)).json()) as {
        operations: Operation[];
        next: number | null;
      };
      seen.push(...answer.operations.map((operation) => operation.sequence));
      after = answer.next;
    }
    expect(seen.length).toBeGreaterThan(6);
    expect(seen).toEqual(seen.map((_, index) => index + 1));
  });
});

describe('A void at the payment provider', () => {
  it('releases what is held, so that it can’t be captured any more', async () => {
    const key = newKey();
    const { id, reference, paymentMethod } = await operationOf(await authorise(key, 'pm_card_ok', 500));
    const voided = await operationOf(await voidOf(key));
    expect(voided).toMatchObject({ kind: 'void', outcome: 'succeeded', amount: EUR(500), authorisationId: id, reference, paymentMethod });
    expect(await operationOf(await capture(id, EUR(500)))).toMatchObject({ outcome: 'refused', reason: 'voided' });
  });

  it('closes the key of an authorisation that has not come yet, also over a restart', async () => {
    const key = newKey();
    const voided = await operationOf(await voidOf(key));
    expect(voided).toMatchObject({ kind: 'void', outcome: 'succeeded', amount: EUR(0), authorisationId: null, paymentMethod: null });
    await provider.stop();
    provider = await start();
    const late = await operationOf(await authorise(key, 'pm_card_ok'));
    expect(late).toMatchObject({ outcome: 'refused', reason: 'voided' });
    expect(await operationOf(await capture(late.id, EUR(500)))).toMatchObject({ outcome: 'refused', reason: 'voided' });
  });

  it('is done once, and answered the same ever after', async () => {
    const key = newKey();
    await operationOf(await authorise(key, 'pm_card_ok', 500));
    const [first, ...others] = await Promise.all(Array.from({ length: 10 }, async () => operationOf(await voidOf(key))));
    for (const other of others) expect(other).toEqual(first);
    expect(await (await lookUp(`${key}-void`)).json()).toEqual(first);
    const second = await operationOf(await voidOf(key, EUR(500), newKey()));
    expect(second, 'under another key it finds nothing held').toMatchObject({ outcome: 'succeeded', amount: EUR(0) });
  });

  it.each([
    ['declined', 'pm_card_declined'],
    ['never seen', null],
  ])('releases nothing of what was %s', async (_, paymentMethod) => {
    const key = newKey();
    if (paymentMethod !== null) await operationOf(await authorise(key, paymentMethod));
    expect(await operationOf(await voidOf(key))).toMatchObject({ outcome: 'succeeded', amount: EUR(0) });
  });

  it('releases what could not be captured', async () => {
    const key = newKey();
    const { id } = await operationOf(await authorise(key, 'pm_card_capture_refused', 500));
    await operationOf(await capture(id, EUR(500)));
    expect(await operationOf(await voidOf(key))).toMatchObject({ outcome: 'succeeded', amount: EUR(500) });
  });

  it('is refused for good once money was taken, and leaves it taken', async () => {
    const key = newKey();
    const { id } = await operationOf(await authorise(key, 'pm_card_ok', 500));
    await operationOf(await capture(id, EUR(200)));
    expect(await operationOf(await voidOf(key))).toMatchObject({ outcome: 'refused', reason: 'captured', amount: EUR(0) });
    expect(await operationOf(await capture(id, EUR(300)))).toMatchObject({ outcome: 'succeeded' });
  });

  it('and a capture that come at once: exactly one of them gets the money', async () => {
    for (const _ of Array.from({ length: 10 })) {
      const key = newKey();
      const { id } = await operationOf(await authorise(key, 'pm_card_ok', 500));
      const both = await Promise.all([capture(id, EUR(500)), voidOf(key)]);
      const reasons = (await Promise.all(both.map(operationOf))).map(({ reason }) => reason);
      expect([
        ['voided', null],
        [null, 'captured'],
      ]).toContainEqual(reasons);
    }
  });

  it('and its authorisation that come at once leave nothing held', async () => {
    for (const _ of Array.from({ length: 10 })) {
      const key = newKey();
      const [authorised, voided] = await Promise.all([authorise(key, 'pm_card_ok', 500), voidOf(key)]);
      const { outcome } = await operationOf(authorised);
      expect((await operationOf(voided)).amount).toEqual(EUR(outcome === 'succeeded' ? 500 : 0));
    }
  });

  it('loses its first reply, or is not answered twice, as its card does', async () => {
    const lost = newKey();
    await expect(authorise(lost, 'pm_card_lost_reply')).rejects.toThrow('fetch failed');
    await expect(voidOf(lost)).rejects.toThrow('fetch failed');
    expect(await operationOf(await voidOf(lost))).toMatchObject({ amount: EUR(500) });
    const unstable = newKey();
    for (const status of [503, 503, 201]) expect((await authorise(unstable, 'pm_card_unstable')).status).toBe(status);
    for (const status of [503, 503, 201]) expect((await voidOf(unstable)).status).toBe(status);
  });

  it('that makes no sense books nothing', async () => {
    const key = newKey();
    const { id } = await operationOf(await authorise(key, 'pm_card_ok', 500));
    const captureKey = newKey();
    await operationOf(await capture(id, EUR(500), captureKey));
    expect((await voidOf(captureKey, EUR(500), 'nonsense')).status, 'the key of a capture').toBe(422);
    expect((await voidOf(key, { amount: 500, currency: 'USD' }, 'nonsense')).status, 'another currency').toBe(422);
    const foreign = await post('/voids', 'nonsense', { reference: 'another', authorisationKey: key, amount: EUR(500) });
    expect(foreign.status, 'another reference').toBe(422);
    expect((await voidOf('', EUR(500), 'nonsense')).status, 'no key').toBe(400);
    const voidKey = newKey();
    await operationOf(await voidOf(key, EUR(500), voidKey));
    const another = newKey();
    const reused = await post('/voids', voidKey, { reference: key, authorisationKey: another, amount: EUR(500) });
    expect(reused.status, 'the key of another void').toBe(422);
    expect(await operationOf(await authorise(another, 'pm_card_ok'))).toMatchObject({ outcome: 'succeeded' });
    expect((await post('/voids', null, { reference: key, authorisationKey: key, amount: EUR(500) })).status).toBe(400);
    expect((await lookUp('nonsense')).status).toBe(404);
  });
});

describe('A refund at the payment provider', () => {
  const captured = async (amount: number): Promise<Operation> => {
    const { id } = await operationOf(await authorise(newKey(), 'pm_card_ok', amount));
    return operationOf(await capture(id, EUR(amount)));
  };

  it('gives back what was captured, once under a key', async () => {
    const { id, reference, authorisationId } = await captured(500);
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 10 }, async () => operationOf(await refund(id, EUR(500), key))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ kind: 'refund', outcome: 'succeeded', amount: EUR(500), reference, authorisationId });
  });

  it('never gives back more than was captured, in parts or at once', async () => {
    const { id } = await captured(500);
    expect(await operationOf(await refund(id, EUR(501)))).toMatchObject({ outcome: 'refused', reason: 'more-than-captured' });
    const parts = await Promise.all(Array.from({ length: 5 }, async () => operationOf(await refund(id, EUR(200)))));
    expect(parts.filter(({ outcome }) => outcome === 'succeeded')).toHaveLength(2);
    expect(await operationOf(await refund(id, EUR(100)))).toMatchObject({ outcome: 'succeeded' });
    expect(await operationOf(await refund(id, EUR(1)))).toMatchObject({ outcome: 'refused', reason: 'more-than-captured' });
  });

  it('has nothing to give back of a capture that was refused, and knows no other', async () => {
    const { id } = await operationOf(await authorise(newKey(), 'pm_card_capture_refused'));
    const refused = await operationOf(await capture(id, EUR(500)));
    expect(await operationOf(await refund(refused.id, EUR(500)))).toMatchObject({ outcome: 'refused', reason: 'more-than-captured' });
    expect((await refund('cap_unknown', EUR(500))).status).toBe(404);
    expect((await refund(id, EUR(500))).status, 'an authorisation').toBe(404);
    expect((await refund((await captured(500)).id, { amount: 500, currency: 'USD' })).status).toBe(422);
    const key = newKey();
    await operationOf(await refund((await captured(500)).id, EUR(500), key));
    expect((await refund((await captured(500)).id, EUR(500), key)).status, 'the key of another refund').toBe(422);
  });
});

describe('The book of the payment provider', () => {
  it('of an earlier version is opened, and goes on', async () => {
    const old = await mkdtemp(join(tmpdir(), 'payment-provider-old-'));
    const database = new DatabaseSync(join(old, 'book.sqlite'));
    database.exec(MIGRATIONS[0]!);
    database.exec(`INSERT INTO operation (id, idempotency_key, request, kind, reference, amount, currency, payment_method, authorisation_id, recorded_at)
      VALUES ('auth_1', 'old', '', 'authorisation', 'order', 500, 'EUR', 'pm_card_ok', 'auth_1', '2026-01-02T03:04:05.678Z')`);
    database.close();
    const book = new Book(old);
    const request = { kind: 'void', reference: 'order', authorisationKey: 'old', amount: { amount: 500, currency: 'EUR' } } as const;
    expect(book.record('old-void', request)).toMatchObject({ operation: { sequence: 2, kind: 'void', amount: EUR(500) } });
    book.close();
    const reopened = new Book(old);
    expect(reopened.page(0, 10).map(({ kind }) => kind)).toEqual(['authorisation', 'void']);
    reopened.close();
    await rm(old, { recursive: true });
  });

  it('lists operations of every kind', async () => {
    const { operations } = (await (await fetch(`${provider.url}/book?limit=1000`)).json()) as { operations: Operation[] };
    expect(new Set(operations.map(({ kind }) => kind))).toEqual(new Set(['authorisation', 'capture', 'void', 'refund']));
  });

  it('is described in the API’s document, every kind of entry of it', async () => {
    const document = JSON.stringify(await (await fetch(`${provider.url}/openapi.json`)).json());
    for (const path of ['/voids', '/captures/{id}/refunds']) expect(document).toContain(`"${path}":{"post":`);
    expect(document).toContain('"enum":["authorisation","capture","void","refund"]');
    expect(document).toContain('pm_card_silent');
  });
});
