import { commandsOf } from '@orderstream/service';
import { shipmentDecider } from './domain/shipment.decider.ts';

/** Commands to any number of shipments: those to one shipment share an append. Answered in the order of the batch. */
export class ShipmentCommands extends commandsOf(shipmentDecider) {}
