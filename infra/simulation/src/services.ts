import { type EventOn, contracts } from '@orderstream/contracts';
import {
  type CommandResult,
  type Decider,
  type DomainEvent,
  type EventStore,
  type HandlingOptions,
  type Refusal,
  handleCommandBatch,
} from '@orderstream/event-sourcing';
import { inventoryReservations } from '@orderstream/inventory-service/consumers';
import { productDecider } from '@orderstream/inventory-service/domain/product.decider';
import { stockDecider } from '@orderstream/inventory-service/domain/stock.decider';
import { settleReservations } from '@orderstream/inventory-service/reservations';
import { triggersIn } from '@orderstream/inventory-service/reservations.reactor';
import { type DeliveredEvent, type EventBatch, react } from '@orderstream/messaging';
import { orderFulfilment } from '@orderstream/order-service/consumers';
import { OrderFulfilmentReactor } from '@orderstream/order-service/order-fulfilment.reactor';
import { paymentAttempts } from '@orderstream/payment-service/consumers';
import { toAttempt } from '@orderstream/payment-service/payment-attempts.process';
import { PaymentSteps, type PaymentWork } from '@orderstream/payment-service/payment-steps';
import type { ParkingTable } from '@orderstream/postgres';
import type { Commands } from '@orderstream/service';
import { shipmentScheduling, shipmentTasks } from '@orderstream/shipping-service/consumers';
import { ShipmentSchedulingReactor } from '@orderstream/shipping-service/shipment-scheduling.reactor';
import { type ShipmentWork, tasksOf, toTaskCommand } from '@orderstream/shipping-service/shipment-tasks.process';
import { ShipmentCommands } from '@orderstream/shipping-service/shipment.commands';
import type { ConsumerSpec } from './consumer.ts';
import type { Log } from './log.ts';
import { SimulatedProcessTable } from './process-tables.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Rules } from './rules.ts';
import type { Life, Turns } from './turns.ts';
import type { WorkerSpec } from './worker.ts';

/** Short enough that both fall due in most simulations, and long enough that most orders are quicker. */
const PAYMENT_DEADLINE_MS = 40_000;
const DISPATCH_DEADLINE_MS = 60_000;

export interface ServiceSurroundings {
  readonly turns: Turns;
  readonly log: Log;
  readonly provider: SimulatedProvider;
  readonly rules: Rules;
  readonly now: () => string;
  readonly nowMs: () => number;
}

export type Handlers = ReturnType<typeof handlersOf>;

/** The command handlers in one incarnation of a service. */
export function handlersOf(life: Life, { turns, log, rules }: ServiceSurroundings) {
  const options: HandlingOptions = { schemaVersion: contracts.currentVersion, pause: () => turns.take(life) };
  const handlerOf = <State, Command, Event extends DomainEvent, Rejection extends Refusal>(
    decider: Decider<State, Command, Event, Rejection>,
  ) => ({
    // Each batch has a store of its own: within a process commands on a stream would wait for each other, and here
    // they must race.
    execute: (message: Commands<Command, CommandResult<State, Event, Rejection>>) =>
      handleCommandBatch(log.for(life), decider, message.batch, { ...options, ...message.options }),
  });
  return {
    order: handlerOf(rules.order),
    payment: handlerOf(rules.payment),
    shipment: handlerOf(rules.shipment),
    stock: handlerOf(stockDecider),
    product: handlerOf(productDecider),
  };
}

/** The reactors of the services, each with the code that runs in its service. */
export function reactors(surroundings: ServiceSurroundings): ConsumerSpec[] {
  const { turns, log, now } = surroundings;
  return [
    {
      service: 'order-service',
      consumer: orderFulfilment,
      react: (life, parking, batch) => {
        const reactor = new OrderFulfilmentReactor(handlersOf(life, surroundings).order, parking as ParkingTable);
        if (batch.topic === 'inventory') return reactor.onInventory(batch as EventBatch<EventOn<'inventory'>>);
        if (batch.topic === 'payments') return reactor.onPayments(batch as EventBatch<EventOn<'payments'>>);
        return reactor.onShipments(batch as EventBatch<EventOn<'shipments'>>);
      },
    },
    {
      service: 'inventory-service',
      consumer: inventoryReservations,
      react: (life, parking, batch) => {
        const store: EventStore = log.for(life);
        return react(batch as EventBatch<EventOn<'orders'> | EventOn<'shipments'>>, parking, (events) =>
          settleReservations(store, triggersIn(events), { now, pause: () => turns.take(life) }),
        );
      },
    },
    {
      service: 'shipping-service',
      consumer: shipmentScheduling,
      react: (life, parking, batch) => {
        const reactor = new ShipmentSchedulingReactor(handlersOf(life, surroundings).shipment, parking as ParkingTable);
        return reactor.onOrders(batch as EventBatch<EventOn<'orders'>>);
      },
    },
  ];
}

export interface Process<Of extends PaymentWork | ShipmentWork> {
  readonly consumer: ConsumerSpec;
  readonly worker: Omit<WorkerSpec<Of>, 'hasCaughtUp'>;
}

/** Payment's attempts: written from its topics, carried out by its steps. */
export function paymentProcess(surroundings: ServiceSurroundings): Process<PaymentWork> {
  const { turns, log, provider, rules, nowMs } = surroundings;
  const table = new SimulatedProcessTable<PaymentWork>(turns, nowMs);
  return {
    consumer: {
      service: 'payment-service',
      consumer: paymentAttempts,
      project: (delivered) => {
        const events = delivered as DeliveredEvent<EventOn<'orders'> | EventOn<'shipments'>>[];
        table.add(events.map((event) => toAttempt(event, { deadlineMs: PAYMENT_DEADLINE_MS })).filter((attempt) => attempt !== null));
      },
    },
    worker: {
      name: 'payments',
      table,
      carryOut: (life) => {
        const steps = new PaymentSteps(handlersOf(life, surroundings).payment, log.for(life), rules.gateway(provider.for(life)));
        return (task, signal) => steps.carryOut(task, signal);
      },
    },
  };
}

/** Shipping's deadline. */
export function shipmentProcess(surroundings: ServiceSurroundings): Process<ShipmentWork> {
  const { turns, nowMs, now } = surroundings;
  const table = new SimulatedProcessTable<ShipmentWork>(turns, nowMs);
  return {
    consumer: {
      service: 'shipping-service',
      consumer: shipmentTasks,
      project: (events) => {
        const times = { dispatchDeadlineMs: DISPATCH_DEADLINE_MS, automaticCarrierMs: undefined };
        const changes = (events as DeliveredEvent<EventOn<'shipments'>>[]).map((event) => tasksOf(event, times));
        table.add(changes.flatMap(({ add }) => add));
        table.close(changes.flatMap(({ close }) => close));
      },
    },
    worker: {
      name: 'shipments',
      table,
      carryOut: (life) => async (task) => {
        await handlersOf(life, surroundings).shipment.execute(new ShipmentCommands([toTaskCommand(task, now())]));
      },
    },
  };
}

export const deadlines = { payment: PAYMENT_DEADLINE_MS, dispatch: DISPATCH_DEADLINE_MS };
