import { DependencyUnavailable, messageOf } from '@orderstream/messaging';
import { z } from 'zod';
import { MisunderstoodRequest, type PaymentGateway, type ProviderOperation } from './payment-gateway.ts';

/** Longer than the slowest honest answer; a call that takes longer has an unknown outcome. */
const ANSWER_WITHIN_MS = 5_000;
const PING_WITHIN_MS = 1_000;
const MOST_OF_AN_ANSWER = 500;
const LONGEST_TEXT = 1_000;

/** The provider's words are recorded as they are, so they have to be text that every system can keep. */
const text = z
  .string()
  .min(1)
  .max(LONGEST_TEXT)
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');

const operation = z
  .object({
    id: text,
    amount: z.object({ amount: z.int(), currency: text }),
    outcome: z.enum(['succeeded', 'refused']),
    reason: text.nullable(),
    recordedAt: z.iso.datetime().refine((instant) => instant >= '0001', 'must be in a year from 1 on'),
  })
  .transform(({ id, amount, outcome, reason, recordedAt }): ProviderOperation => ({
    id,
    amount,
    refusal: outcome === 'refused' ? (reason ?? 'refused') : null,
    recordedAt: new Date(recordedAt).toISOString(),
  }));

/** Fatal: a replacement character would be recorded as the provider's words. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Statuses that say nothing about what was done: the provider, or a proxy before it, was busy. */
const OUTCOME_UNKNOWN: ReadonlySet<number> = new Set([408, 425, 429]);

/** The provider's own HTTP API. */
export class HttpPaymentGateway implements PaymentGateway {
  readonly #url: string;

  /** @param url without a path, such as `http://127.0.0.1:4105`. */
  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  async find(key: string, signal: AbortSignal): Promise<ProviderOperation | null> {
    const { status, body } = await this.#ask('GET', `/operations/${encodeURIComponent(key)}`, signal);
    if (status === 404) return null;
    return read(status, body);
  }

  async authorise(...[key, request, signal]: Parameters<PaymentGateway['authorise']>): Promise<ProviderOperation> {
    const { orderId: reference, amount, paymentMethod } = request;
    const body = { reference, amount, paymentMethod };
    const answer = await this.#ask('POST', '/authorisations', signal, key, body);
    return read(answer.status, answer.body);
  }

  async capture(...[key, request, signal]: Parameters<PaymentGateway['capture']>): Promise<ProviderOperation> {
    const { authorisationId, amount } = request;
    const path = `/authorisations/${encodeURIComponent(authorisationId)}/captures`;
    const { status, body } = await this.#ask('POST', path, signal, key, { amount });
    return read(status, body);
  }

  async void(...[key, request, signal]: Parameters<PaymentGateway['void']>): Promise<ProviderOperation> {
    const { orderId: reference, authorisationKey, amount } = request;
    const { status, body } = await this.#ask('POST', '/voids', signal, key, { reference, authorisationKey, amount });
    return read(status, body);
  }

  async refund(...[key, request, signal]: Parameters<PaymentGateway['refund']>): Promise<ProviderOperation> {
    const { captureId, amount } = request;
    const path = `/captures/${encodeURIComponent(captureId)}/refunds`;
    const { status, body } = await this.#ask('POST', path, signal, key, { amount });
    return read(status, body);
  }

  /** Resolves when the provider answers. @throws DependencyUnavailable when it has not within a second. */
  async ping(): Promise<void> {
    const { status } = await this.#ask('GET', '/health/live', AbortSignal.timeout(PING_WITHIN_MS));
    if (status !== 200) throw new DependencyUnavailable('payment-provider', new Error(`it answered ${status}`));
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    key?: string,
    body?: object,
  ): Promise<{ status: number; body: string }> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      headers: {
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
      .then(async (response) => ({ status: response.status, body: utf8.decode(await response.arrayBuffer()) }))
      .catch((fault: unknown) => {
        throw new DependencyUnavailable('payment-provider', reasonOf(fault));
      });
    if (answer.status >= 500 || OUTCOME_UNKNOWN.has(answer.status)) {
      throw new DependencyUnavailable('payment-provider', new Error(`it answered ${answer.status}`));
    }
    return answer;
  }
}

/** fetch only says that it failed; the reason is in the cause. */
function reasonOf(fault: unknown): unknown {
  return fault instanceof Error && fault.cause instanceof Error && fault.cause.message !== '' ? fault.cause : fault;
}

function read(status: number, body: string): ProviderOperation {
  if (status !== 200 && status !== 201) {
    throw new MisunderstoodRequest(`the payment provider answered ${status}: ${body.slice(0, MOST_OF_AN_ANSWER)}`);
  }
  try {
    return operation.parse(JSON.parse(body));
  } catch (fault) {
    const detail = fault instanceof z.ZodError ? z.prettifyError(fault) : messageOf(fault);
    throw new MisunderstoodRequest(`the payment provider's answer is not what its contract says: ${detail}`);
  }
}
