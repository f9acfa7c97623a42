import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems, entityTag, Problem, readInput, type Reply } from '@orderstream/service';
import {
  findOrderQuery,
  idempotencyKey,
  type ListOrdersQuery,
  listOrdersQuery,
  orderIdParam,
  orderList,
  type OrderList,
  orderView,
  type OrderView,
  type PlaceOrderBody,
  placeOrderBody,
} from './order.api.ts';
import { OrderPlacing } from './order-placing.ts';
import { FindOrder, ListOrders } from './order.queries.ts';

const etag = { ETag: { description: 'The revision of the order’s stream', schema: { type: 'string' as const, example: '"0"' } } };

@ApiTags('orders')
@Controller('orders')
export class OrderController {
  constructor(
    private readonly placing: OrderPlacing,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Place an order', description: 'Prices are the shop’s own. Repeating it under the same Idempotency-Key gives the same answer and places nothing.' })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: '1 to 200 visible characters, chosen by the client for this order' })
  @ApiResponse({ status: 201, standardSchema: orderView, description: 'The order as it was placed', headers: { ...etag, Location: { schema: { type: 'string' } } } })
  @ApiProblems('malformed-request', 'invalid-request', 'unknown-sku', 'currency-mismatch', 'total-too-large')
  @ApiProblems('idempotency-key-reused', 'customer-erased', 'body-too-large', 'dependency-unavailable')
  async place(
    @Body({ schema: placeOrderBody }) body: PlaceOrderBody,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderView> {
    const order = await this.placing.place(body, readInput('idempotency-key', idempotencyKey, key));
    void reply.headers({ location: `/orders/${order.orderId}`, etag: entityTag(order.revision) });
    return order;
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'An order as it stands', description: 'With minRevision the answer waits, up to 2 s, until the read model has got that far.' })
  @ApiResponse({ status: 200, standardSchema: orderView, description: 'The order', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable', 'revision-not-reached')
  async find(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Query({ schema: findOrderQuery }) { minRevision }: { readonly minRevision?: number },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderView> {
    const order = await this.queries.execute(new FindOrder(orderId, minRevision));
    if (order === null) throw new Problem('not-found', `There is no order ${orderId}`);
    void reply.header('etag', entityTag(order.revision));
    return order;
  }

  @Get()
  @ApiOperation({ summary: 'Orders, the latest first' })
  @ApiResponse({ status: 200, standardSchema: orderList, description: 'A page of orders' })
  @ApiProblems('invalid-request', 'dependency-unavailable')
  list(@Query({ schema: listOrdersQuery }) query: ListOrdersQuery): Promise<OrderList> {
    return this.queries.execute(new ListOrders(query));
  }
}
