import type { CommandBus } from '@nestjs/cqrs';
import { type EventOn, contracts } from '@orderstream/contracts';
import { type EventStore, type HandlingOptions, handleCommandBatch } from '@orderstream/event-sourcing';
import { inventoryReservations } from '@orderstream/inventory-service/consumers';
import { productDecider } from '@orderstream/inventory-service/domain/product.decider';
import { stockDecider } from '@orderstream/inventory-service/domain/stock.decider';
import { ProductCommands } from '@orderstream/inventory-service/product.commands';
import { settleReservations } from '@orderstream/inventory-service/reservations';
import { triggersIn } from '@orderstream/inventory-service/reservations.reactor';
import { StockCommands } from '@orderstream/inventory-service/stock.commands';
import { type DeliveredEvent, type EventBatch, react } from '@orderstream/messaging';
import { orderFulfilment } from '@orderstream/order-service/consumers';
import { OrderFulfilmentReactor } from '@orderstream/order-service/order-fulfilment.reactor';
import { OrderCommands } from '@orderstream/order-service/order.commands';
import { paymentAttempts } from '@orderstream/payment-service/consumers';
import { toAttempt } from '@orderstream/payment-service/payment-attempts.process';
import { PaymentSteps, type PaymentWork } from '@orderstream/payment-service/payment-steps';
import { PaymentCommands } from '@orderstream/payment-service/payment.commands';
import type { ParkingTable } from '@orderstream/postgres';
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

/** Nest's bus, without Nest: a command goes to the decider of its class, on the store of one incarnation. */
export function busFor(life: Life, { turns, log, rules }: ServiceSurroundings): CommandBus {
  const options: HandlingOptions = { schemaVersion: contracts.currentVersion, pause: () => turns.take(life) };
  const execute = async (command: unknown): Promise<unknown> => {
    // One for each: within a process commands on a stream wait for each other, and here they are to race.
    const store = log.for(life);
    if (command instanceof OrderCommands) return handleCommandBatch(store, rules.order, command.batch, { ...options, ...command.options });
    if (command instanceof PaymentCommands) return handleCommandBatch(store, rules.payment, command.batch, options);
    if (command instanceof ShipmentCommands) return handleCommandBatch(store, rules.shipment, command.batch, options);
    if (command instanceof StockCommands) return handleCommandBatch(store, stockDecider, command.batch, options);
    if (command instanceof ProductCommands) return handleCommandBatch(store, productDecider, command.batch, options);
    throw new Error('nobody handles this command');
  };
  return { execute } as unknown as CommandBus;
}

/** The reactors of the services, each with the code that runs in its service. */
export function reactors(surroundings: ServiceSurroundings): ConsumerSpec[] {
  const { turns, log, now } = surroundings;
  return [
    {
      service: 'order-service',
      consumer: orderFulfilment,
      react: (life, parking, batch) => {
        const reactor = new OrderFulfilmentReactor(busFor(life, surroundings), parking as ParkingTable);
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
      react: (life, parking, batch) =>
        new ShipmentSchedulingReactor(busFor(life, surroundings), parking as ParkingTable).onOrders(batch as EventBatch<EventOn<'orders'>>),
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
      project: (facts) => {
        const events = facts as DeliveredEvent<EventOn<'orders'> | EventOn<'shipments'>>[];
        table.add(events.map((event) => toAttempt(event, { deadlineMs: PAYMENT_DEADLINE_MS })).filter((attempt) => attempt !== null));
      },
    },
    worker: {
      name: 'payments',
      table,
      carryOut: (life) => {
        const steps = new PaymentSteps(busFor(life, surroundings), log.for(life), rules.gateway(provider.for(life)));
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
      project: (facts) => {
        const times = { dispatchDeadlineMs: DISPATCH_DEADLINE_MS, automaticCarrierMs: undefined };
        const changes = (facts as DeliveredEvent<EventOn<'shipments'>>[]).map((fact) => tasksOf(fact, times));
        table.add(changes.flatMap(({ add }) => add));
        table.close(changes.flatMap(({ close }) => close));
      },
    },
    worker: {
      name: 'shipments',
      table,
      carryOut: (life) => async (task) => {
        await busFor(life, surroundings).execute(new ShipmentCommands([toTaskCommand(task, now())]));
      },
    },
  };
}

export const deadlines = { payment: PAYMENT_DEADLINE_MS, dispatch: DISPATCH_DEADLINE_MS };
