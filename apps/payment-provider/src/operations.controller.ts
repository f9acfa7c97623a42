import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Body, Controller, Get, Headers, Param, Post, Query, Req } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { ApiProblems, Problem, idempotencyKeyHeader, lineOfText, readInput, visibleText, wholeNumber } from '@orderstream/service';
import { z } from 'zod';
import { Book } from './book.ts';
import type { Operation, OperationRequest } from './operation.ts';
import { problems } from './problems.ts';
import { methodTable, treatmentOf } from './test-payment-methods.ts';

const MOST_REMEMBERED = 10_000;

const idempotencyKey = visibleText(80);
const idParam = z.strictObject({ id: visibleText(100) });
const keyParam = z.strictObject({ idempotencyKey });
/** An existing currency, by Node's own data. */
const currency = z.enum(Intl.supportedValuesOf('currency'), 'must be an ISO 4217 code');
const money = z.strictObject({ amount: z.int().min(0).describe('Minor units'), currency });
const paymentMethod = lineOfText(200);
const sample = { amount: 24_900, currency: 'EUR' };
const authorisation = z
  .strictObject({ reference: visibleText(100), amount: money, paymentMethod })
  .meta({ examples: [{ reference: 'order-4711', amount: sample, paymentMethod: 'pm_card_ok' }] });
const partOfIt = z.strictObject({ amount: money }).meta({ examples: [{ amount: sample }] });
const voiding = z
  .strictObject({
    reference: visibleText(100),
    authorisationKey: idempotencyKey.describe('The Idempotency-Key of the authorisation, whether it has come or not'),
    amount: money.describe('What is thought to be held; what was is in the answer'),
  })
  .meta({ examples: [{ reference: 'order-4711', authorisationKey: 'order-4711/authorise', amount: sample }] });
const pageQuery = z.strictObject({
  after: wholeNumber(999_999_999_999_999).default(0),
  limit: wholeNumber(1_000, 1).default(100),
});
const operation = z.object({
  sequence: z.int(),
  id: z.string(),
  idempotencyKey,
  kind: z.enum(['authorisation', 'capture', 'void', 'refund']),
  reference: z.string(),
  amount: money.describe('What was asked for; of a void, what it released'),
  paymentMethod: paymentMethod.nullable().describe('Null for a void of what was never authorised'),
  authorisationId: z
    .string()
    .nullable()
    .describe('The authorisation concerned; for an authorisation its own id, null for a void of what was never authorised'),
  outcome: z.enum(['succeeded', 'refused']),
  reason: z.string().nullable().describe('Why it was refused'),
  recordedAt: z.string(),
});
const page = z.object({
  operations: z.array(operation),
  next: z.int().nullable().describe('`after` of the next page; null at the end'),
});
const keyHeader = {
  ...idempotencyKeyHeader,
  required: true,
  schema: { ...idempotencyKeyHeader.schema, pattern: '^[\\x21-\\x7e]{1,80}$' },
} as const;

const refusals = {
  'key-reused': () => new Problem('idempotency-key-reused', 'Another request was booked under this Idempotency-Key'),
  'authorisation-key-reused': () =>
    new Problem('idempotency-key-reused', 'Something else than an authorisation of this reference was booked under the authorisationKey'),
  'unknown-authorisation': () => new Problem('not-found', 'There is no such authorisation'),
  'unknown-capture': () => new Problem('not-found', 'There is no such capture'),
  'other-currency': () => new Problem(problems['currency-mismatch'], 'What this is about is in another currency'),
};

/** A simulated card provider. Refusals are answers, and in the book like everything else. */
@Controller()
export class OperationsController {
  readonly #book: Book;
  /** How often a key was answered with 503, until it is booked; the oldest keys that nobody comes back to are forgotten. */
  readonly #unavailable = new Map<string, number>();

  constructor(book: Book) {
    this.#book = book;
  }

  @Post('authorisations')
  @ApiOperation({ summary: 'Hold an amount', description: methodTable })
  @ApiHeader(keyHeader)
  @ApiResponse({ status: 201, description: 'The outcome, for good', standardSchema: operation })
  @ApiProblems('invalid-request', 'idempotency-key-reused', 'dependency-unavailable')
  authorise(
    @Body({ schema: authorisation }) body: z.output<typeof authorisation>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: { readonly raw: IncomingMessage },
  ): Promise<Operation> {
    return this.#carryOut(key, { kind: 'authorisation', ...body }, request.raw);
  }

  @Post('authorisations/:id/captures')
  @ApiOperation({
    summary: 'Take an amount that was authorised, or a part of it',
    description: 'Refused beyond what is held: `more-than-authorised`; refused after a void: `voided`.',
  })
  @ApiHeader(keyHeader)
  @ApiResponse({ status: 201, description: 'The outcome, for good', standardSchema: operation })
  @ApiProblems('invalid-request', 'not-found')
  @ApiProblems(problems['currency-mismatch'], 'idempotency-key-reused', 'dependency-unavailable')
  capture(
    @Param({ schema: idParam }) { id }: z.output<typeof idParam>,
    @Body({ schema: partOfIt }) body: z.output<typeof partOfIt>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: { readonly raw: IncomingMessage },
  ): Promise<Operation> {
    return this.#carryOut(key, { kind: 'capture', authorisationId: id, ...body }, request.raw);
  }

  @Post('voids')
  @ApiOperation({
    summary: 'Release what is held under the key of an authorisation, and close the key',
    description:
      'Whatever was authorised under `authorisationKey` is released, and an authorisation that comes under it later is refused: ' +
      '`voided`. The amount of the answer is what was released, 0 when nothing was held. Refused when money was taken: `captured`.',
  })
  @ApiHeader(keyHeader)
  @ApiResponse({ status: 201, description: 'The outcome, for good', standardSchema: operation })
  @ApiProblems('invalid-request', problems['currency-mismatch'], 'idempotency-key-reused', 'dependency-unavailable')
  void(
    @Body({ schema: voiding }) body: z.output<typeof voiding>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: { readonly raw: IncomingMessage },
  ): Promise<Operation> {
    return this.#carryOut(key, { kind: 'void', ...body }, request.raw);
  }

  @Post('captures/:id/refunds')
  @ApiOperation({
    summary: 'Give back an amount that was captured, or a part of it',
    description: 'Refused beyond what was captured and not refunded yet: `more-than-captured`.',
  })
  @ApiHeader(keyHeader)
  @ApiResponse({ status: 201, description: 'The outcome, for good', standardSchema: operation })
  @ApiProblems('invalid-request', 'not-found')
  @ApiProblems(problems['currency-mismatch'], 'idempotency-key-reused', 'dependency-unavailable')
  refund(
    @Param({ schema: idParam }) { id }: z.output<typeof idParam>,
    @Body({ schema: partOfIt }) body: z.output<typeof partOfIt>,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: { readonly raw: IncomingMessage },
  ): Promise<Operation> {
    return this.#carryOut(key, { kind: 'refund', captureId: id, ...body }, request.raw);
  }

  @Get('operations/:idempotencyKey')
  @ApiOperation({ summary: 'What became of a request whose answer never came' })
  @ApiResponse({ status: 200, description: 'The recorded outcome', standardSchema: operation })
  @ApiProblems('invalid-request', 'not-found')
  find(@Param({ schema: keyParam }) { idempotencyKey: key }: z.output<typeof keyParam>): Operation {
    const found = this.#book.find(key);
    if (found === null) throw new Problem('not-found', 'Nothing was booked under this key');
    return found;
  }

  @Get('book')
  @ApiOperation({ summary: 'Every operation, in the order of the book' })
  @ApiResponse({ status: 200, description: 'One page', standardSchema: page })
  @ApiProblems('invalid-request')
  list(@Query({ schema: pageQuery }) { after, limit }: z.output<typeof pageQuery>): z.infer<typeof page> {
    const operations = this.#book.page(after, limit);
    return { operations, next: operations.length === limit ? operations.at(-1)!.sequence : null };
  }

  async #carryOut(keyHeaderValue: string | undefined, request: OperationRequest, connection: IncomingMessage): Promise<Operation> {
    const key = readInput('idempotency-key', idempotencyKey, keyHeaderValue);
    const treatment = treatmentOf(this.#book.paymentMethodOf(request));
    const timesUnavailable = this.#unavailable.get(key) ?? 0;
    if (timesUnavailable < treatment.unavailableTimes && this.#book.find(key) === null) {
      if (Number.isFinite(treatment.unavailableTimes)) this.#countUnavailable(key, timesUnavailable + 1);
      const headers = { 'retry-after': '1' };
      throw new Problem('dependency-unavailable', 'The card network does not answer', { headers });
    }
    const recorded = this.#book.record(key, request);
    this.#unavailable.delete(key);
    if (!recorded.ok) throw refusals[recorded.why]();
    if (treatment.answersAfterMs > 0) await delay(treatment.answersAfterMs);
    if (treatment.losesFirstReply && recorded.isNew) connection.socket.destroy();
    return recorded.operation;
  }

  #countUnavailable(key: string, times: number): void {
    this.#unavailable.set(key, times);
    if (this.#unavailable.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#unavailable.keys();
    this.#unavailable.delete(oldest!);
  }
}
