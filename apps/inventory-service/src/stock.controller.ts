import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type EventStore, derivedId, load } from '@orderstream/event-sourcing';
import {
  ApiProblems,
  EVENT_STORE,
  Problem,
  entityTag,
  idempotencyKey,
  idempotencyKeyHeader,
  readInput,
  requestCause,
} from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import { productDecider } from './domain/product.decider.ts';
import {
  type PageQuery,
  type ReceiptBody,
  type ReceiptView,
  type StockList,
  type StockView,
  pageQuery,
  receiptBody,
  receiptView,
  skuParam,
  stockList,
  stockView,
} from './inventory.api.ts';
import { FindStock, ListStock } from './inventory.queries.ts';
import { StockCommands } from './stock.commands.ts';

@ApiTags('stock')
@Controller()
export class StockController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  @Post('products/:sku/receipts')
  @HttpCode(201)
  @ApiOperation({
    summary: 'Receive goods',
    description:
      'Repeating it with the same receiptId, or without one under the same Idempotency-Key, gives the same answer and receives nothing.',
  })
  @ApiHeader(idempotencyKeyHeader)
  @ApiResponse({
    status: 201,
    standardSchema: receiptView,
    description: 'The receipt',
    headers: { Location: { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid-request', 'not-found', 'idempotency-key-reused', 'contended', 'dependency-unavailable')
  async receive(
    @Param({ schema: skuParam }) { sku }: { readonly sku: string },
    @Headers('idempotency-key') header: string | undefined,
    @Body({ schema: receiptBody }) { quantity, receiptId: given }: ReceiptBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReceiptView> {
    const key = readInput('idempotency-key', idempotencyKey.optional(), header);
    // Goods of a product that is off sale still arrive; only a product that was never listed is a mistake.
    const { revision } = await load(this.store, productDecider, sku);
    if (revision === null) throw new Problem('not-found', `There is no product ${sku}`);

    const receiptId = given ?? (key === undefined ? randomUUID() : derivedId('receipt', sku, key));
    const command = { type: 'ReceiveStock', sku, receiptId, quantity, at: new Date().toISOString() } as const;
    // The cause is this request: two receipts under one id must not pass for one another in the store.
    const cause = requestCause(command.type);
    const [result] = await this.commands.execute(new StockCommands([{ id: sku, command, cause }]));
    if (!result!.ok) {
      throw new Problem('idempotency-key-reused', 'Use a new receiptId or Idempotency-Key for another receipt', {
        errors: [{ field: given === undefined ? 'idempotency-key' : 'receiptId', message: 'was used with another quantity' }],
      });
    }
    void reply.header('location', `/stock/${sku}`);
    return { sku, receiptId, quantity };
  }

  @Get('stock/:sku')
  @ApiOperation({ summary: 'What is in the warehouse of a product' })
  @ApiResponse({ status: 200, standardSchema: stockView, description: 'The stock', headers: { ETag: { schema: { type: 'string' } } } })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable')
  async find(
    @Param({ schema: skuParam }) { sku }: { readonly sku: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StockView> {
    const stock = await this.queries.execute(new FindStock(sku));
    if (stock === null) throw new Problem('not-found', `Nothing was ever received of ${sku}`);
    void reply.header('etag', entityTag(stock.revision));
    return stock;
  }

  @Get('stock')
  @ApiOperation({ summary: 'What is in the warehouse, product by product' })
  @ApiResponse({ status: 200, standardSchema: stockList, description: 'A page of stock, by the products’ codes' })
  @ApiProblems('invalid-request', 'dependency-unavailable')
  listAll(@Query({ schema: pageQuery }) query: PageQuery): Promise<StockList> {
    return this.queries.execute(new ListStock(query));
  }
}
