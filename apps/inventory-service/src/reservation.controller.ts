import { Controller, Get, Param, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems, Problem, entityTag } from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import { type ReservationView, orderIdParam, reservationView } from './inventory.api.ts';
import { FindReservation } from './inventory.queries.ts';

@ApiTags('reservations')
@Controller('reservations')
export class ReservationController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':orderId')
  @ApiOperation({ summary: 'How the goods of an order are held' })
  @ApiResponse({
    status: 200,
    standardSchema: reservationView,
    description: 'The reservation',
    headers: { ETag: { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable')
  async find(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReservationView> {
    const reservation = await this.queries.execute(new FindReservation(orderId));
    if (reservation === null) throw new Problem('not-found', `There is no reservation for order ${orderId}`);
    void reply.header('etag', entityTag(reservation.revision));
    return reservation;
  }
}
