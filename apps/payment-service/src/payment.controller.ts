import { Controller, Get, Param, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems, entityTag, Problem } from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import { orderIdParam, paymentView, type PaymentView } from './payment.api.ts';
import { FindPayment } from './payment.queries.ts';

const etag = {
  ETag: { description: 'The revision of the payment’s stream', schema: { type: 'string' as const, example: '"1"' } },
};

@ApiTags('payments')
@Controller('payments')
export class PaymentController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':orderId')
  @ApiOperation({ summary: 'The payment of an order as it stands' })
  @ApiResponse({ status: 200, standardSchema: paymentView, description: 'The payment', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable')
  async find(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const payment = await this.queries.execute(new FindPayment(orderId));
    if (payment === null) throw new Problem('not-found', `There is no payment of order ${orderId}`);
    void reply.header('etag', entityTag(payment.revision));
    return payment;
  }
}
