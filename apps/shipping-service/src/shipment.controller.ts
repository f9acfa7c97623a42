import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { unreachable } from '@orderstream/event-sourcing';
import { ApiProblems, Problem, entityTag, ifMatchHeader, preconditionFailed, readIfMatch, requestCause } from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import type { ShipmentCommand, ShipmentRejection } from './domain/shipment.decider.ts';
import {
  type DispatchBody,
  type ListShipmentsQuery,
  type ShipmentList,
  type ShipmentProgress,
  type ShipmentView,
  dispatchBody,
  listShipmentsQuery,
  orderIdParam,
  shipmentList,
  shipmentProgress,
  shipmentView,
} from './shipment.api.ts';
import { ShipmentCommands } from './shipment.commands.ts';
import { FindShipment, ListShipments } from './shipment.queries.ts';

const etag = { ETag: { description: 'The revision of the shipment’s stream', schema: { type: 'string' as const, example: '"0"' } } };

@ApiTags('shipments')
@Controller('shipments')
export class ShipmentController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Shipments, the one that has waited longest first', description: 'What is to be packed is `status=scheduled`.' })
  @ApiResponse({ status: 200, standardSchema: shipmentList, description: 'A page of shipments' })
  @ApiProblems('invalid-request', 'dependency-unavailable')
  listAll(@Query({ schema: listShipmentsQuery }) query: ListShipmentsQuery): Promise<ShipmentList> {
    return this.queries.execute(new ListShipments(query));
  }

  @Get(':orderId')
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

  @Post(':orderId/dispatch')
  @HttpCode(200)
  @ApiOperation({ summary: 'The goods were handed to a carrier' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 200, standardSchema: shipmentProgress, description: 'The shipment is on its way', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'contended', 'precondition-failed')
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

  @Post(':orderId/delivery')
  @HttpCode(200)
  @ApiOperation({ summary: 'The carrier handed the goods over' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 200, standardSchema: shipmentProgress, description: 'The shipment has arrived', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'contended', 'precondition-failed')
  @ApiProblems('precondition-required', 'dependency-unavailable')
  deliver(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShipmentProgress> {
    return this.#change({ type: 'DeliverShipment', orderId, at: new Date().toISOString() }, ifMatch, reply);
  }

  @Post(':orderId/return')
  @HttpCode(200)
  @ApiOperation({ summary: 'The goods came back', description: 'Because they were recalled, or because nobody took them.' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 200, standardSchema: shipmentProgress, description: 'The shipment has come back', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'state-conflict', 'contended', 'precondition-failed')
  @ApiProblems('precondition-required', 'dependency-unavailable')
  takeBack(
    @Param({ schema: orderIdParam }) { orderId }: { readonly orderId: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShipmentProgress> {
    return this.#change({ type: 'ReturnShipment', orderId, at: new Date().toISOString() }, ifMatch, reply);
  }

  async #change(command: ShipmentCommand, ifMatch: string | undefined, reply: FastifyReply): Promise<ShipmentProgress> {
    const { orderId } = command;
    const cause = requestCause(command.type);
    const envelope = { id: orderId, command, cause, ifRevision: readIfMatch(ifMatch) };
    const [result] = await this.commands.execute(new ShipmentCommands([envelope]));
    const { state, revision } = result!;
    if (revision === null) throw unknownShipment(orderId);
    if (!result!.ok) {
      const { rejection } = result!;
      throw rejection.type === 'stale-revision' ? preconditionFailed(revision) : refusal(rejection, orderId);
    }
    const { status } = state;
    if (status === 'none' || status === 'scheduled' || status === 'cancelled') {
      throw new Error(`${command.type} left the shipment ${status}`);
    }
    void reply.header('etag', entityTag(revision));
    return { orderId, revision, status };
  }
}

function refusal({ type }: ShipmentRejection, orderId: string): Problem {
  switch (type) {
    case 'unknown-shipment':
      return unknownShipment(orderId);
    case 'not-dispatched':
      return new Problem('state-conflict', 'The goods have not left yet');
    case 'already-dispatched':
      return new Problem('state-conflict', 'The goods have left already, with other details');
    case 'already-cancelled':
      return new Problem('state-conflict', 'The shipment is cancelled: the goods must not leave');
    case 'already-delivered':
      return new Problem('state-conflict', 'The goods have been delivered already');
    case 'already-returned':
      return new Problem('state-conflict', 'The goods have come back already');
    default:
      return unreachable(type);
  }
}

function unknownShipment(orderId: string): Problem {
  return new Problem('not-found', `There is no shipment for order ${orderId}`);
}
