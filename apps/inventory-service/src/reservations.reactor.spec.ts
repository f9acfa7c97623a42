import { reactions, streams } from '@orderstream/contracts';
import type { DeliveredEvent } from '@orderstream/messaging';
import { expect, it } from 'vitest';
import { triggersIn } from './reservations.reactor.ts';

it('reservations react to what the platform’s table of reactions says, and to nothing else', () => {
  const heard = [...streams.order.events, ...streams.shipment.events].map((type) => ({ event: { type } }) as DeliveredEvent<never>);
  const own = reactions.filter((reaction) => reaction.service === 'inventory-service').map(({ on }) => on);
  expect(triggersIn(heard).map(({ event }) => event.type).sort()).toEqual(own.sort());
});
