import { type EventNamed, type EventOf, type Line, currentVersion } from '@orderstream/contracts';
import {
  type Cause,
  type CommandEnvelope,
  type Decider,
  type EventStore,
  type Loaded,
  appendDecisions,
  handleCommandBatch,
  handleCommands,
  load,
  sideBySide,
  untilFirst,
} from '@orderstream/event-sourcing';
import type { DeliveredEvent } from '@orderstream/messaging';
import { type ReservationCommand, type ReservationState, reservationDecider } from './domain/reservation.decider.ts';
import { type StockCommand, answerTo, stockDecider } from './domain/stock.decider.ts';

type Placed = DeliveredEvent<EventNamed<'OrderPlaced'>>;
export type ReservationTrigger = Placed | DeliveredEvent<EventNamed<'OrderRejected'>> | DeliveredEvent<EventNamed<'ShipmentDispatched'>>;

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

/** A product that all of these ask for gets as many events in one append, which must stay well below the store's limit of 1 MiB. */
const MOST_AT_ONCE = 500;

const options = { schemaVersion: currentVersion };

/**
 * Reserves, releases and issues stock for many orders at once, in waves: every line on its stock
 * stream, the outcome on the reservation stream (the commit point), then the stock that an ended
 * reservation still holds. Each wave is one load and one append a stream.
 *
 * May be broken off anywhere and called again with the same events, also while another call is still
 * at work on them: the outcome is the same, and nothing is recorded twice. That rests on the order
 * of reads. Whoever ends a reservation has an answer on each of its stock streams before. To reserve, an
 * attempt loads stock first and the reservation afterwards: if it read the stock before that answer, it
 * loses the race for its append; if after, it sees the answer or the end. To close a line, it loads the
 * stock after it saw the end: a stock that was read before might not show yet what is to be closed.
 */
export async function settleReservations(
  store: EventStore,
  triggers: readonly ReservationTrigger[],
  now: () => string = () => new Date().toISOString(),
): Promise<void> {
  for (const phase of phasesOf(triggers)) {
    for (let from = 0; from < phase.length; from += MOST_AT_ONCE) await settle(store, phase.slice(from, from + MOST_AT_ONCE), now());
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

async function settle(store: EventStore, triggers: readonly ReservationTrigger[], at: string): Promise<void> {
  const placed = triggers.filter((trigger): trigger is Placed => trigger.event.type === 'OrderPlaced');
  const { outcomes, known } = await reserveLines(store, placed, at);
  const ends = triggers.flatMap((trigger) => endOf(trigger, at));
  const committed = await commit(store, outcomes, { newStreams: true });
  const ended = await commit(store, ends, { newStreams: false });
  await closeLines(store, [...known, ...committed, ...ended], at);
}

interface Outcome {
  readonly trigger: ReservationTrigger;
  readonly command: ReservationCommand;
}

/** What wave 1 finds out. An order that ended while it went on is in both. */
interface Answers {
  /** For orders whose reservation was open: the products that were refused. */
  readonly refusedSkus: Map<Placed, Set<string>>;
  /** Orders whose reservation has an outcome already. */
  readonly known: Map<Placed, Standing>;
}

/** Wave 1: every line of every order is answered, also when another line of the order is refused. */
async function reserveLines(store: EventStore, placed: readonly Placed[], at: string): Promise<{ outcomes: Outcome[]; known: Standing[] }> {
  const asks = placed.flatMap((each) => each.event.data.lines.map((line): Ask => ({ placed: each, line })));
  const answers: Answers = { refusedSkus: new Map(), known: new Map() };
  let due: AsksBySku = Map.groupBy(asks, ({ line }) => line.sku);
  await untilFirst(`one of stock-${[...due.keys()].join(', stock-')}`, async () => {
    due = await reserveOnce(store, due, answers, at);
    return due.size === 0 ? answers : null;
  });
  const outcomes = [...answers.refusedSkus].map(([trigger, refused]) => ({ trigger, command: outcome(trigger, refused, at) }));
  return { outcomes, known: [...answers.known.values()] };
}

/** One attempt at all products, stock first and reservations afterwards; gives back those whose append lost its race. */
async function reserveOnce(store: EventStore, due: AsksBySku, { refusedSkus, known }: Answers, at: string): Promise<AsksBySku> {
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
async function commit(store: EventStore, outcomes: readonly Outcome[], { newStreams }: { newStreams: boolean }): Promise<Standing[]> {
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

/** Wave 3: what is still open on the lines of ended reservations is closed, product by product. */
async function closeLines(store: EventStore, standing: readonly Standing[], at: string): Promise<void> {
  const commands = standing.flatMap(({ trigger, status, lines }) =>
    lines.flatMap(({ sku }) => {
      const command = closing(status, sku, orderOf(trigger), at);
      return command === null ? [] : [{ sku, command, cause: causeOf(trigger, command) }];
    }),
  );
  await sideBySide(Map.groupBy(commands, ({ sku }) => sku), async ([sku, ofSku]) => {
    await handleCommands(store, stockDecider, sku, ofSku, options);
  });
}

function reserve(trigger: Placed, { sku, quantity }: Line, at: string): StockCommand {
  return { type: 'ReserveStock', sku, orderId: orderOf(trigger), quantity, at };
}

/** How a line of a reservation that ended is closed on its stock, if it is open at all. */
function closing(status: ReservationState['status'], sku: string, orderId: string, at: string): StockCommand | null {
  switch (status) {
    case 'none':
    case 'confirmed':
      return null;
    case 'rejected':
    case 'released':
      return { type: 'ReleaseStock', sku, orderId, at };
    case 'fulfilled':
      return { type: 'IssueStock', sku, orderId, at };
    default:
      return status satisfies never;
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
      return [{ trigger, command: { type: 'ReleaseReservation', orderId, at } }];
    case 'ShipmentDispatched':
      return [{ trigger, command: { type: 'FulfilReservation', orderId, at } }];
    default:
      return trigger.event satisfies never;
  }
}

function orderOf(trigger: ReservationTrigger): string {
  return trigger.event.data.orderId;
}

function causeOf(trigger: ReservationTrigger, command: { readonly type: string }): Cause {
  const { id, correlationId, traceparent } = trigger;
  return { id, reaction: command.type, correlationId, traceparent };
}
