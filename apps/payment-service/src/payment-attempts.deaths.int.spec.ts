import { randomUUID } from 'node:crypto';
import { DependencyUnavailable } from '@orderstream/messaging';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PaymentProviderModule } from '../../payment-provider/src/payment-provider.module.ts';
import type { PaymentGateway } from './payment-gateway.ts';
import {
  AUTHORISED,
  type Attempt,
  AttemptsWorld,
  CAPTURED,
  CAPTURE_FAILED,
  REFUNDED,
  type Surroundings,
  VOIDED,
  authorise,
  cancel,
  capture,
  givenUp,
  overdue,
  refund,
} from './testing/attempts-world.ts';
import { type Journey, recordingJourney } from './testing/journey.ts';

const world = await AttemptsWorld.open(PaymentProviderModule);
const { startWorker, stopWorkers, add, letTimePass, letDeadlinePass, openAttempts, isDone, eventsOf, bookOf, moneyOf } = world;
afterEach(stopWorkers);

/** A card that does not answer. */
const silently: PaymentGateway['authorise'] = () => Promise.reject(new DependencyUnavailable('payment-provider', 'silent'));

/** What happens to an order, one thing after the other has been dealt with. */
interface Story {
  readonly title: string;
  readonly happens: readonly ((orderId: string) => Attempt[])[];
  readonly events: readonly string[];
  readonly book: readonly string[];
  /** Where a worker can die on the way. */
  readonly places: number;
}

const stories: readonly Story[] = [
  {
    title: 'authorised and captured',
    happens: [(id) => [authorise(id), capture(id)]],
    events: CAPTURED,
    book: ['authorisation succeeded', 'capture succeeded'],
    places: 16,
  },
  {
    title: 'authorised and voided',
    happens: [(id) => [authorise(id)], (id) => [cancel(id)]],
    events: VOIDED,
    book: ['authorisation succeeded', 'void succeeded 4900'],
    places: 16,
  },
  {
    title: 'authorised, captured and refunded',
    happens: [(id) => [authorise(id), capture(id)], (id) => [refund(id)]],
    events: REFUNDED,
    book: ['authorisation succeeded', 'capture succeeded', 'refund succeeded'],
    places: 23,
  },
  {
    title: 'authorised, not captured, and voided',
    happens: [(id) => [authorise(id, 'pm_card_capture_refused'), capture(id), refund(id)]],
    events: [...CAPTURE_FAILED, 'PaymentVoided'],
    book: ['authorisation succeeded', 'capture refused', 'void succeeded 4900'],
    places: 23,
  },
  {
    title: 'given up by its deadline',
    happens: [(id) => [overdue(id, 'pm_card_silent')]],
    events: givenUp('deadline'),
    book: ['void succeeded 0'],
    places: 12,
  },
  {
    title: 'given up by the cancellation of its order',
    happens: [(id) => [authorise(id), cancel(id)]],
    events: givenUp('cancelled'),
    book: ['void succeeded 0'],
    places: 14,
  },
];

describe('The payment worker may die anywhere, and come back to life long after: a payment', () => {
  it.each(stories)('$title ends the same, booked once', async ({ happens, events, book, places }) => {
    const healthy = recordingJourney(world);
    startWorker(healthy.surroundings);
    await live(randomUUID(), happens);
    await stopWorkers();
    expect(healthy.passed).toHaveLength(places);
    for (const [index, place] of healthy.passed.entries()) {
      const orderId = randomUUID();
      const doomed = recordingJourney(world, (_, passed) => passed === index);
      startWorker(doomed.surroundings);
      await live(orderId, happens, doomed);
      expect(doomed.passed.slice(0, index + 1)).toEqual(healthy.passed.slice(0, index + 1));
      expect(await eventsOf(orderId), place).toEqual(events);
      expect(await bookOf(orderId), place).toEqual(book);
      doomed.wakeUp();
      await vi.waitFor(() => expect(doomed.passed.at(-1)).toBe('after finish'), 10_000);
      expect(await eventsOf(orderId), `${place}, as a zombie`).toEqual(events);
      expect(await bookOf(orderId), `${place}, as a zombie`).toEqual(book);
      await stopWorkers();
    }
  });

  it.each<[string, string, (orderId: string) => Promise<unknown>, readonly (readonly string[])[]]>([
    ['whose deadline passes meanwhile is authorised', 'pm_card_ok', letDeadlinePass, [AUTHORISED]],
    [
      'whose deadline passes meanwhile, and whose card does not answer later, is authorised or given up',
      'silent later',
      letDeadlinePass,
      [AUTHORISED, givenUp('deadline')],
    ],
    [
      'whose order is cancelled meanwhile is voided or given up',
      'pm_card_ok',
      (orderId) => add(cancel(orderId)),
      [VOIDED, givenUp('cancelled')],
    ],
  ])('%s, and nothing else', async (_, card, meanwhile, ends) => {
    const later: Partial<Surroundings> = card === 'silent later' ? { gateway: world.gatewayWith({ authorise: silently }) } : {};
    const healthy = recordingJourney(world);
    startWorker(healthy.surroundings);
    await live(randomUUID(), [(id) => [authorise(id)]]);
    await stopWorkers();
    const met = new Set<string>();
    for (const [index, place] of healthy.passed.entries()) {
      const orderId = randomUUID();
      const doomed = recordingJourney(world, (_, passed) => passed === index);
      startWorker(doomed.surroundings);
      await add(authorise(orderId));
      await vi.waitFor(() => expect(doomed.isDead()).toBe(true), 10_000);
      await meanwhile(orderId);
      await letTimePass();
      startWorker(later);
      await isDone(orderId);
      const events = await eventsOf(orderId);
      expect(ends, place).toContainEqual(events);
      doomed.wakeUp();
      await vi.waitFor(() => expect(doomed.passed.at(-1)).toBe('after finish'), 10_000);
      expect(await eventsOf(orderId), `${place}, as a zombie`).toEqual(events);
      const held = events.at(-1) === 'PaymentAuthorised' ? 4_900 : 0;
      expect(await moneyOf(orderId), `${place}, as a zombie`).toEqual({ held, taken: 0 });
      met.add(events.join());
      await stopWorkers();
    }
    expect(met.size, 'every end was met').toBe(ends.length);
  });

  it('is not voided by one that would give it up when the other has just recorded its authorisation', async () => {
    const orderId = randomUUID();
    const sends = recordingJourney(world, (place) => place === 'before authorise');
    startWorker(sends.surroundings);
    await add(authorise(orderId));
    await vi.waitFor(() => expect(sends.isDead()).toBe(true), 10_000);
    await letDeadlinePass(orderId);
    let lookedUp = 0;
    const givesUp = recordingJourney(world, (place) => place === 'after find' && ++lookedUp === 2);
    startWorker({ ...givesUp.surroundings, gateway: { ...givesUp.surroundings.gateway, authorise: silently } });
    await letTimePass();
    await vi.waitFor(() => expect(givesUp.isDead()).toBe(true), 10_000);
    sends.wakeUp();
    await isDone(orderId);
    givesUp.wakeUp();
    await vi.waitFor(() => expect(givesUp.passed.at(-1)).toBe('after finish'), 10_000);
    expect(await eventsOf(orderId)).toEqual(AUTHORISED);
    expect(await bookOf(orderId)).toEqual(['authorisation succeeded']);
  });

  it('given up by one that dies before the void is voided by the one whose authorisation comes too late', async () => {
    const orderId = randomUUID();
    const late = recordingJourney(world, (place) => place === 'before authorise');
    startWorker(late.surroundings);
    await add(authorise(orderId));
    await vi.waitFor(() => expect(late.isDead()).toBe(true), 10_000);
    await letDeadlinePass(orderId);
    const givesUp = recordingJourney(world, (place) => place === 'before void');
    startWorker({ ...givesUp.surroundings, gateway: { ...givesUp.surroundings.gateway, authorise: silently } });
    await letTimePass();
    await vi.waitFor(() => expect(givesUp.isDead()).toBe(true), 10_000);
    late.wakeUp();
    await isDone(orderId);
    expect(await eventsOf(orderId)).toEqual(givenUp('deadline'));
    expect(await bookOf(orderId)).toEqual(['authorisation succeeded', 'void succeeded 4900']);
    givesUp.wakeUp();
    await vi.waitFor(() => expect(givesUp.passed.at(-1)).toBe('after finish'), 10_000);
    expect(await bookOf(orderId)).toEqual(['authorisation succeeded', 'void succeeded 4900']);
  });
});

/** An order's life; when the worker that is at it dies, another one takes over. */
async function live(orderId: string, happens: Story['happens'], doomed?: Journey): Promise<void> {
  let isReplaced = false;
  for (const attemptsOf of happens) {
    await add(...attemptsOf(orderId));
    await vi.waitFor(async () => expect(doomed?.isDead() === true || (await openAttempts(orderId)) === 0).toBe(true), 10_000);
    if (doomed?.isDead() === true && !isReplaced) {
      await letTimePass();
      startWorker();
      isReplaced = true;
    }
    await isDone(orderId);
  }
}
