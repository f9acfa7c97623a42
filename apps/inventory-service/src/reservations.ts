import { type EventNamed, type EventOf, type Line, contracts } from '@orderstream/contracts';
import {
  type Cause,
  type CommandEnvelope,
  type Decider,
  type EventStore,
  type HandlingOptions,
  type Loaded,
  appendDecisions,
  handleCommandBatch,
  handleCommands,
  load,
  sideBySide,
  untilFirst,
  unreachable,
} from '@orderstream/event-sourcing';
import type { DeliveredEvent } from '@orderstream/messaging';
import { type ReservationCommand, type ReservationState, reservationDecider } from './domain/reservation.decider.ts';
import { type StockCommand, answerTo, stockDecider } from './domain/stock.decider.ts';

type Placed = DeliveredEvent<EventNamed<'OrderPlaced'>>;
export type ReservationTrigger =
  | Placed
  | DeliveredEvent<EventNamed<'OrderRejected'>>
  /** Of an order that was not paid yet: the goods of a paid one follow its shipment alone. */
  | DeliveredEvent<EventNamed<'OrderCancelled'>>
  | DeliveredEvent<EventNamed<'ShipmentCancelled'>>
  | DeliveredEvent<EventNamed<'ShipmentDispatched'>>
  | DeliveredEvent<EventNamed<'ShipmentReturned'>>;

export interface SettlingOptions extends Pick<HandlingOptions, 'pause'> {
  readonly now?: () => string;
}

/** One line that an order asks for. */
interface Ask {
  readonly placed: Placed;
  readonly line: Line;
}

type AsksBySku = ReadonlyMap<string, readonly Ask[]>;

/** How an order's reservation stands, and the lines it was about. */
interface Standing {
  readonly trigger: ReservationTrigger;
  readonly status: ReservationState['status'];
  readonly lines: readonly Line[];
}

/** A product that all of these concern gets up to two events each in one append, which must stay well below the store's limit of 1 MiB. */
const MOST_AT_ONCE = 500;

/** What one round of settling works with. */
interface Settling {
  readonly store: EventStore;
  readonly options: HandlingOptions;
  readonly at: string;
}

/**
 * Reserves, releases, issues and takes back stock for many orders at once, in waves: every line on its stock
 * stream, the outcome on the reservation stream (the commit point), then whatever an ended reservation leaves to do
 * on its stock. Each wave is one load and one append per stream.
 *
 * May be broken off anywhere and called again with the same events, even while another call is still at work on
 * them: the outcome is the same, and nothing is recorded twice. That rests on the order of reads. A reservation
 * ends only after each of its stock streams has an answer. To reserve, an attempt loads stock first and the
 * reservation afterwards: if it read the stock before that answer, it loses the race for its append; if after, it
 * sees the answer or the end. To close a line, it loads the stock after it saw the end: stock that was read earlier
 * might not show yet what is to be closed.
 *
 * A line that is closed stays closed: nobody reserves for a reservation that ended, so an attempt that comes late
 * with a release or an issue finds nothing held. A return leaves nothing open by which a late one could be told, so
 * each stock stream remembers returned orders. What closes a line depends on where the reservation stands, not on
 * the event that is being settled: one that was returned is issued first where that is still open, so a return is
 * right whether or not an attempt died between the end and the lines of the dispatch.
 *
 * One order's events may come in one batch, and any of them again long after. They are settled one after the other,
 * and each finds its reservation at the end that it asks for, or at a later one.
 */
export async function settleReservations(
  store: EventStore,
  triggers: readonly ReservationTrigger[],
  { now = () => new Date().toISOString(), ...pausing }: SettlingOptions = {},
): Promise<void> {
  const options = { schemaVersion: contracts.currentVersion, ...pausing };
  for (const phase of phasesOf(triggers)) {
    for (let from = 0; from < phase.length; from += MOST_AT_ONCE) {
      await settle({ store, options, at: now() }, phase.slice(from, from + MOST_AT_ONCE));
    }
  }
}

/** The first event of every order, then the second of every order…: orders go together, one order's events in turn. */
function phasesOf(triggers: readonly ReservationTrigger[]): ReservationTrigger[][] {
  const phases: ReservationTrigger[][] = [];
  for (const ofOneOrder of Map.groupBy(triggers, orderOf).values()) {
    ofOneOrder.forEach((trigger, nth) => (phases[nth] ??= []).push(trigger));
  }
  return phases;
}

async function settle(settling: Settling, triggers: readonly ReservationTrigger[]): Promise<void> {
  const placed = triggers.filter((trigger): trigger is Placed => trigger.event.type === 'OrderPlaced');
  const { outcomes, known } = await reserveLines(settling, placed);
  const ends = triggers.flatMap((trigger) => endOf(trigger, settling.at));
  const committed = await commit(settling, outcomes, { newStreams: true });
  const ended = await commit(settling, ends, { newStreams: false });
  await closeLines(settling, [...known, ...committed, ...ended]);
}

interface Outcome {
  readonly trigger: ReservationTrigger;
  readonly command: ReservationCommand;
}

/** What wave 1 finds out. An order that ended meanwhile is in both. */
interface Answers {
  /** For orders whose reservation was open: the products that were refused. */
  readonly refusedSkus: Map<Placed, Set<string>>;
  /** Orders whose reservation has an outcome already. */
  readonly known: Map<Placed, Standing>;
}

/** Wave 1: every line of every order is answered, also when another line of the order is refused. */
async function reserveLines(settling: Settling, placed: readonly Placed[]): Promise<{ outcomes: Outcome[]; known: Standing[] }> {
  const asks = placed.flatMap((each) => each.event.data.lines.map((line): Ask => ({ placed: each, line })));
  const answers: Answers = { refusedSkus: new Map(), known: new Map() };
  let due: AsksBySku = Map.groupBy(asks, ({ line }) => line.sku);
  const attempt = async (): Promise<Answers | null> => {
    due = await reserveOnce(settling, due, answers);
    return due.size === 0 ? answers : null;
  };
  await untilFirst(`one of stock-${[...due.keys()].join(', stock-')}`, attempt, settling.options.pause);
  const outcomes = [...answers.refusedSkus].map(([trigger, refused]) => ({ trigger, command: outcome(trigger, refused, settling.at) }));
  return { outcomes, known: [...answers.known.values()] };
}

/** One attempt at all products, stock first and reservations afterwards; returns those whose append lost its race. */
async function reserveOnce({ store, options, at }: Settling, due: AsksBySku, { refusedSkus, known }: Answers): Promise<AsksBySku> {
  const stocks = await loadAll(store, stockDecider, due.keys());
  const placed = new Map([...due.values()].flat().map((ask) => [orderOf(ask.placed), ask.placed]));
  const reservations = await loadAll(store, reservationDecider, placed.keys());
  for (const [orderId, trigger] of placed) {
    const { status } = reservations.get(orderId)!.state;
    if (status !== 'none') known.set(trigger, { trigger, status, lines: trigger.event.data.lines });
  }
  const lost = new Map<string, readonly Ask[]>();
  await sideBySide(due, async ([sku, asks]) => {
    const open = asks.filter((ask) => !known.has(ask.placed));
    const commands = open.map(({ placed: trigger, line }) => {
      const command = reserve(trigger, line, at);
      return { command, cause: causeOf(trigger, command) };
    });
    const results = await appendDecisions(store, stockDecider, sku, stocks.get(sku)!, commands, options);
    if (results === null) {
      lost.set(sku, asks);
      return;
    }
    for (const { placed: trigger } of open) {
      const refused = refusedSkus.get(trigger) ?? new Set();
      refusedSkus.set(trigger, answerTo(results.at(-1)!.state, orderOf(trigger)) === 'refused' ? refused.add(sku) : refused);
    }
  });
  return lost;
}

async function loadAll<State, Event extends EventOf<'stock' | 'reservation'>>(
  store: EventStore,
  decider: Pick<Decider<State, never, Event, never>, 'category' | 'initialState' | 'evolve'>,
  ids: Iterable<string>,
): Promise<Map<string, Loaded<State>>> {
  const loaded = new Map<string, Loaded<State>>();
  await sideBySide(ids, async (id) => void loaded.set(id, await load(store, decider, id)));
  return loaded;
}

/** Wave 2: the first outcome that is recorded stands, whoever wrote it. */
async function commit(
  { store, options }: Settling,
  outcomes: readonly Outcome[],
  { newStreams }: { newStreams: boolean },
): Promise<Standing[]> {
  const envelopes = outcomes.map(({ trigger, command }): CommandEnvelope<ReservationCommand> => ({
    id: orderOf(trigger),
    command,
    cause: causeOf(trigger, command),
  }));
  const results = await handleCommandBatch(store, reservationDecider, envelopes, { ...options, newStreams });
  return outcomes.map(({ trigger }, index) => {
    const { state } = results[index]!;
    const lines = 'lines' in state ? state.lines : trigger.event.type === 'OrderPlaced' ? trigger.event.data.lines : [];
    return { trigger, status: state.status, lines };
  });
}

/** Wave 3: what is still to do on the lines of ended reservations is done, product by product. */
async function closeLines({ store, options, at }: Settling, standing: readonly Standing[]): Promise<void> {
  const commands = standing.flatMap(({ trigger, status, lines }) =>
    lines.flatMap((line) =>
      closing(status, line, orderOf(trigger), at).map((command) => ({ sku: line.sku, command, cause: causeOf(trigger, command) })),
    ),
  );
  await sideBySide(
    Map.groupBy(commands, ({ sku }) => sku),
    async ([sku, ofSku]) => {
      await handleCommands(store, stockDecider, sku, ofSku, options);
    },
  );
}

function reserve(trigger: Placed, { sku, quantity }: Line, at: string): StockCommand {
  return { type: 'ReserveStock', sku, orderId: orderOf(trigger), quantity, at };
}

/** How a line of a reservation that ended is closed on its stock, if it is open at all. */
function closing(status: ReservationState['status'], { sku, quantity }: Line, orderId: string, at: string): StockCommand[] {
  switch (status) {
    case 'none':
    case 'confirmed':
      return [];
    case 'rejected':
    case 'released':
      return [{ type: 'ReleaseStock', sku, orderId, at }];
    case 'fulfilled':
      return [{ type: 'IssueStock', sku, orderId, at }];
    case 'returned':
      return [
        { type: 'IssueStock', sku, orderId, at },
        { type: 'ReturnStock', sku, orderId, quantity, at },
      ];
    default:
      return unreachable(status);
  }
}

function outcome(placed: Placed, refusedSkus: ReadonlySet<string>, at: string): ReservationCommand {
  const { orderId, lines } = placed.event.data;
  if (refusedSkus.size === 0) {
    return { type: 'ConfirmReservation', orderId, lines: lines.map(({ sku, quantity }) => ({ sku, quantity })), at };
  }
  const shortSkus = lines.map(({ sku }) => sku).filter((sku) => refusedSkus.has(sku));
  return { type: 'RejectReservation', orderId, shortSkus, at };
}

function endOf(trigger: ReservationTrigger, at: string): Outcome[] {
  const orderId = orderOf(trigger);
  switch (trigger.event.type) {
    case 'OrderPlaced':
      return [];
    case 'OrderRejected':
    case 'OrderCancelled':
    case 'ShipmentCancelled':
      return [{ trigger, command: { type: 'ReleaseReservation', orderId, at } }];
    case 'ShipmentDispatched':
      return [{ trigger, command: { type: 'FulfilReservation', orderId, at } }];
    case 'ShipmentReturned':
      return [{ trigger, command: { type: 'ReturnReservation', orderId, at } }];
    default:
      return unreachable(trigger.event);
  }
}

function orderOf(trigger: ReservationTrigger): string {
  return trigger.event.data.orderId;
}

function causeOf(trigger: ReservationTrigger, command: { readonly type: string }): Cause {
  const { id, correlationId, traceparent } = trigger;
  return { id, reaction: command.type, correlationId, traceparent };
}
