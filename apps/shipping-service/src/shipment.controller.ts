import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems, Problem, entityTag, preconditionFailed, readIfMatch, requestContext } from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import type { ShipmentCommand } from './domain/shipment.decider.ts';
import {
  type DispatchBody,
  type ShipmentProgress,
  type ShipmentView,
  dispatchBody,
  orderIdParam,
  shipmentProgress,
  shipmentView,
} from './shipment.api.ts';
import { ShipmentCommands } from './shipment.commands.ts';
import { FindShipment } from './shipment.queries.ts';

const etag = { ETag: { description: 'The revision of the shipment’s stream', schema: { type: 'string' as const, example: '"0"' } } };

@ApiTags('shipments')
@Controller('shipments/:orderId')
export class ShipmentController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The shipment of an order', description: 'The recipient is null once the customer’s data has been erased.' })
  @ApiResponse({ status: 200, standardSchema: shipmentView, description: 'The shipment', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable')
  async find(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShipmentView> {
    const shipment = await this.queries.execute(new FindShipment(orderId));
    if (shipment === null) throw unknownShipment(orderId);
    void reply.header('etag', entityTag(shipment.revision));
    return shipment;
  }

  @Post('dispatch')
  @HttpCode(200)
  @ApiOperation({ summary: 'The goods were handed to a carrier' })
  @ApiHeader({ name: 'If-Match', required: true, description: 'The ETag that you read, or * for any' })
  @ApiResponse({ status: 200, standardSchema: shipmentProgress, description: 'The shipment is on its way', headers: etag })
  @ApiProblems('malformed-request', 'invalid-request', 'not-found', 'state-conflict', 'precondition-failed')
  @ApiProblems('precondition-required', 'dependency-unavailable')
  dispatch(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: dispatchBody }) { carrier, trackingNumber }: DispatchBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShipmentProgress> {
    const at = new Date().toISOString();
    return this.#change({ type: 'DispatchShipment', orderId, carrier, trackingNumber, at }, ifMatch, reply);
  }

  @Post('delivery')
  @HttpCode(200)
  @ApiOperation({ summary: 'The carrier handed the goods over' })
  @ApiHeader({ name: 'If-Match', required: true, description: 'The ETag that you read, or * for any' })
  @ApiResponse({ status: 200, standardSchema: shipmentProgress, description: 'The shipment has arrived', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'precondition-failed')
  @ApiProblems('precondition-required', 'dependency-unavailable')
  deliver(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShipmentProgress> {
    return this.#change({ type: 'DeliverShipment', orderId, at: new Date().toISOString() }, ifMatch, reply);
  }

  async #change(command: ShipmentCommand, ifMatch: string | undefined, reply: FastifyReply): Promise<ShipmentProgress> {
    const { orderId } = command;
    const cause = { id: randomUUID(), reaction: command.type, ...requestContext() };
    const envelope = { id: orderId, command, cause, ifRevision: readIfMatch(ifMatch) };
    const [result] = await this.commands.execute(new ShipmentCommands([envelope]));
    const { state, revision } = result!;
    if (revision === null) throw unknownShipment(orderId);
    if (!result!.ok) {
      switch (result!.rejection.type) {
        case 'stale-revision':
          throw preconditionFailed(revision);
        case 'unknown-shipment':
          throw unknownShipment(orderId);
        case 'already-dispatched':
          throw new Problem('state-conflict', 'The goods have left already, with other details');
        case 'not-dispatched':
          throw new Problem('state-conflict', 'The goods have not left yet');
      }
    }
    if (state.status !== 'dispatched' && state.status !== 'delivered') throw new Error(`${command.type} left the shipment ${state.status}`);
    void reply.header('etag', entityTag(revision));
    return { orderId, revision, status: state.status };
  }
}

function unknownShipment(orderId: string): Problem {
  return new Problem('not-found', `There is no shipment for order ${orderId}`);
}
