import { type Category, type EventType, type Reaction, reactions } from '@orderstream/contracts';
import type { OrderCommand } from '@orderstream/order-service/domain/order.decider';
import type { ShipmentCommand } from '@orderstream/shipping-service/domain/shipment.decider';
import { behaviours } from './behaviours.ts';

/** What somebody outside asks of a stream. Everything else follows from the table of reactions. */
export type Asked = { readonly who: 'customer' | 'warehouse' | 'deadline'; readonly when: string } & (
  | { readonly of: 'order'; readonly command: OrderCommand['type'] }
  | { readonly of: 'shipment'; readonly command: ShipmentCommand['type'] }
);

export const asked: readonly Asked[] = [
  { who: 'customer', command: 'PlaceOrder', of: 'order', when: 'at the beginning' },
  { who: 'customer', command: 'ChangeShippingAddress', of: 'order', when: 'the customer moves, before the order is paid' },
  { who: 'warehouse', command: 'DispatchShipment', of: 'shipment', when: 'the goods leave' },
  { who: 'warehouse', command: 'DeliverShipment', of: 'shipment', when: 'the goods arrive' },
  { who: 'customer', command: 'CancelOrder', of: 'order', when: 'the customer cancels' },
  { who: 'deadline', command: 'ExpireShipment', of: 'shipment', when: 'the goods should have left by now' },
  { who: 'warehouse', command: 'ReturnShipment', of: 'shipment', when: 'the goods come back, recalled or because nobody took them' },
];

/** An event that a command leads to, with the stage that decides who reacts. */
export interface OutcomeEvent {
  readonly type: EventType;
  readonly stage?: string;
}

export interface Outcome {
  readonly when: string;
  readonly events: readonly OutcomeEvent[];
}

type ReactionCommand = (typeof reactions)[number]['command'];
/** Commands that are answered by more than one stream, or by somebody outside, so that no decider alone says what they lead to. */
type ProcessCommand = Exclude<Exclude<ReactionCommand, OrderCommand['type']>, ShipmentCommand['type']>;

const event = (type: EventType): OutcomeEvent => ({ type });

const processes: Readonly<Record<ProcessCommand, readonly Outcome[]>> = {
  ReserveStock: [
    { when: 'every line is in stock', events: [event('StockReserved'), event('ReservationConfirmed')] },
    { when: 'a line is short', events: [event('StockRefused'), event('ReservationRejected'), event('StockReleased')] },
  ],
  ReleaseStock: [
    { when: 'the reservation is confirmed', events: [event('ReservationReleased'), event('StockReleased')] },
    { when: 'it was rejected', events: [] },
  ],
  IssueStock: [{ when: 'the reservation is confirmed', events: [event('ReservationFulfilled'), event('StockIssued')] }],
  ReturnStock: [{ when: 'the reservation is fulfilled', events: [event('ReservationReturned'), event('StockReturned')] }],
  AuthorisePayment: [
    { when: 'the provider authorises in time', events: [event('PaymentRequested'), event('PaymentAuthorised')] },
    { when: 'it declines, or is given up', events: [event('PaymentRequested'), event('PaymentDeclined')] },
  ],
  VoidPayment: [
    { when: 'the payment is authorised', events: [event('PaymentVoided')] },
    { when: 'it is declined', events: [] },
  ],
  CapturePayment: [
    { when: 'the provider captures', events: [event('PaymentCaptured')] },
    { when: 'it refuses for good', events: [event('PaymentCaptureFailed')] },
  ],
  RefundPayment: [
    { when: 'the payment is captured', events: [event('PaymentRefunded')] },
    { when: 'its capture failed', events: [event('PaymentVoided')] },
  ],
};

const isProcess = (command: string): command is ProcessCommand => Object.hasOwn(processes, command);

/** What a command can lead to: outcomes that differ in their consequences, each with its condition. */
export function outcomesOf(command: string, of: Category): readonly Outcome[] {
  if (isProcess(command)) return processes[command];
  const own = behaviours[of].transitions.filter((transition) => transition.command === command);
  const byConsequence = Map.groupBy(own, ({ events }) => JSON.stringify(events.map((event) => [event.type, reactionsTo(eventOf(event))])));
  return [...byConsequence.values()].map((same) => {
    const statuses = new Set(same.map(({ from }) => from));
    return { when: `the ${of} is ${[...statuses].join(' or ')}`, events: same[0]!.events.map(eventOf) };
  });
}

function eventOf({ type, data }: { readonly type: string; readonly data: object }): OutcomeEvent {
  return { type: type as EventType, ...('stage' in data ? { stage: String(data.stage) } : {}) };
}

export function reactionsTo({ type, stage }: OutcomeEvent): readonly Reaction[] {
  return (reactions as readonly Reaction[]).filter(
    ({ on, stages }) => on === type && (stages === undefined || (stage !== undefined && stages.includes(stage))),
  );
}
