import { commandsOf } from '@orderstream/service';
import { orderDecider } from './domain/order.decider.ts';

/** Commands to any number of orders: those to one order share an append. Answered in the order of the batch. */
export class OrderCommands extends commandsOf(orderDecider) {}
