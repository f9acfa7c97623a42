import { Body, Controller, Get, Headers, HttpCode, Param, Post, Put, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  ApiProblems,
  entityTag,
  idempotencyKey,
  idempotencyKeyHeader,
  ifMatchHeader,
  readIfMatch,
  readInput,
  type Reply,
} from '@orderstream/service';
import { OrderChanging, unknownOrder } from './order-changing.ts';
import { OrderPlacing } from './order-placing.ts';
import {
  findOrderQuery,
  type ListOrdersQuery,
  listOrdersQuery,
  orderIdParam,
  orderList,
  type OrderList,
  orderProgress,
  type OrderProgress,
  orderView,
  type OrderView,
  type PlaceOrderBody,
  placeOrderBody,
  type Recipient,
  shippingAddressBody,
} from './order.api.ts';
import { FindOrder, ListOrders } from './order.queries.ts';
import { problems } from './problems.ts';

const etag = { ETag: { description: 'The revision of the order’s stream', schema: { type: 'string' as const, example: '"0"' } } };

@ApiTags('orders')
@Controller('orders')
export class OrderController {
  constructor(
    private readonly placing: OrderPlacing,
    private readonly changing: OrderChanging,
    private readonly queries: QueryBus,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({
    summary: 'Place an order',
    description: 'Prices are the shop’s own. Repeating it under the same Idempotency-Key gives the same answer and places nothing.',
  })
  @ApiHeader(idempotencyKeyHeader)
  @ApiResponse({
    status: 201,
    standardSchema: orderView,
    description: 'The order as it was placed',
    headers: { ...etag, Location: { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid-request', problems['unknown-sku'], problems['currency-mismatch'], problems['total-too-large'])
  @ApiProblems('idempotency-key-reused', 'contended', problems['customer-erased'], 'dependency-unavailable')
  async place(
    @Body({ schema: placeOrderBody }) body: PlaceOrderBody,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderView> {
    const order = await this.placing.place(body, readInput('idempotency-key', idempotencyKey.optional(), key));
    void reply.headers({ location: `/orders/${order.orderId}`, etag: entityTag(order.revision) });
    return order;
  }

  @Get(':orderId')
  @ApiOperation({
    summary: 'An order as it stands',
    description: 'With minRevision the answer waits, up to 2 s, until the read model has got that far.',
  })
  @ApiResponse({ status: 200, standardSchema: orderView, description: 'The order', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable', 'revision-not-reached')
  async find(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Query({ schema: findOrderQuery }) { minRevision }: { readonly minRevision?: number },
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderView> {
    const order = await this.queries.execute(new FindOrder({ orderId, minRevision }));
    if (order === null) throw unknownOrder(orderId);
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

  @Post(':orderId/cancellation')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel an order',
    description:
      'Up to its payment an order is cancelled at once. From then on its shipment is asked, which may have left for good: read the order again to see.',
  })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 200, standardSchema: orderProgress, description: 'The order is cancelled', headers: etag })
  @ApiResponse({
    status: 202,
    standardSchema: orderProgress,
    description: 'The shipment is asked, and has not answered yet',
    headers: etag,
  })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'contended', 'precondition-failed')
  @ApiProblems('precondition-required', 'dependency-unavailable')
  async cancel(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderProgress> {
    const order = await this.changing.cancel(orderId, readIfMatch(ifMatch));
    void reply.code(order.status === 'cancelled' ? 200 : 202).header('etag', entityTag(order.revision));
    return order;
  }

  @Put(':orderId/shipping-address')
  @ApiOperation({ summary: 'Send an order to another address', description: 'Until it is paid.' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 200, standardSchema: orderProgress, description: 'The order goes to this address', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'contended', problems['customer-erased'])
  @ApiProblems('precondition-failed', 'precondition-required', 'dependency-unavailable')
  async changeAddress(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: shippingAddressBody }) recipient: Recipient,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<OrderProgress> {
    const order = await this.changing.changeAddress(orderId, recipient, readIfMatch(ifMatch));
    void reply.header('etag', entityTag(order.revision));
    return order;
  }
}
