import { contracts } from '@orderstream/contracts';
import { streamName } from '@orderstream/event-sourcing';
import { InMemoryEventStore } from '@orderstream/event-sourcing/testing';
import type { PersonalData } from '@orderstream/personal-data';
import { Problem } from '@orderstream/service';
import { describe, expect, it } from 'vitest';
import { type OrderEvent, orderDecider } from './domain/order.decider.ts';
import { OrderChanging } from './order-changing.ts';
import type { Recipient } from './order.api.ts';
import { OrderCommands } from './order.commands.ts';
import { problems } from './problems.ts';

const orderId = '0b5f2c6e-3f55-4a53-9c6e-7a4de7f0a001';
const customerId = '3d8ab0d1-64a5-4b6f-a3c2-94f1f1d0c002';
const at = '2026-01-02T03:04:05.006Z';
const recipient: Recipient = { name: 'Ada', street: 'Square 12', city: 'London', postalCode: 'SW1Y', country: 'GB' };
const elsewhere: Recipient = { ...recipient, city: 'Paris', country: 'FR' };

/** One customer's key. A text says which key it was sealed under and what it hides; no two are the same. */
class Keys {
  key: number | null = 1;
  made = 1;
  texts = 0;
  onSeal = (): void => undefined;

  seal = (_customerId: string, value: object): Promise<string> => {
    this.onSeal();
    this.key ??= ++this.made;
    return Promise.resolve(JSON.stringify({ key: this.key, text: ++this.texts, value }));
  };

  open = (jwe: string): Promise<object | null> => {
    const { key, value } = JSON.parse(jwe) as { key: number; value: object };
    return Promise.resolve(key === this.key ? value : null);
  };
}

async function placedOrder() {
  const log = new InMemoryEventStore();
  const store = log.knowing(contracts);
  const keys = new Keys();
  const lines = [{ sku: 'TEA', quantity: 1, unitPrice: { amount: 450, currency: 'EUR' } }];
  const placed: OrderEvent = {
    type: 'OrderPlaced',
    data: {
      orderId,
      customerId,
      lines,
      total: { amount: 450, currency: 'EUR' },
      paymentMethod: 'pm_card',
      recipient: await keys.seal(customerId, recipient),
      placedAt: at,
    },
  };
  const metadata = { schemaVersion: 1, $correlationId: 'flow', $causationId: 'request' };
  await store.append(streamName(orderDecider, orderId), [{ id: orderId, event: placed, metadata }], 'no_stream');
  const changing = new OrderChanging(new OrderCommands.Handler(store), store, keys as unknown as PersonalData);
  const recorded = (): string[] => log.all.map(({ event }) => event.type);
  return { changing, keys, recorded, log };
}

describe('the address of an order', () => {
  it('changes for a customer who is known', async () => {
    const { changing, keys, log } = await placedOrder();
    expect(await changing.changeAddress(orderId, elsewhere, [0])).toEqual({ orderId, revision: 1, status: 'placed' });
    const { recipient: sealed } = log.all.at(-1)!.event.data as { recipient: string };
    expect(await keys.open(sealed)).toEqual(elsewhere);
  });

  it('is not recorded again when it is the one that the order has', async () => {
    const { changing, recorded } = await placedOrder();
    await changing.changeAddress(orderId, elsewhere, '*');
    expect(await changing.changeAddress(orderId, { ...elsewhere }, '*')).toEqual({ orderId, revision: 1, status: 'placed' });
    expect(recorded()).toEqual(['OrderPlaced', 'ShippingAddressChanged']);
  });

  it('brings no customer back who was erased, not even with a key', async () => {
    const { changing, keys, recorded } = await placedOrder();
    keys.key = null;
    await expect(changing.changeAddress(orderId, elsewhere, '*')).rejects.toMatchObject({ type: problems['customer-erased'] });
    expect(recorded()).toEqual(['OrderPlaced']);
    expect(keys.key).toBeNull();
  });

  it('is nobody’s when the customer came back under another key', async () => {
    const { changing, keys, recorded } = await placedOrder();
    keys.key = 2;
    await expect(changing.changeAddress(orderId, elsewhere, '*')).rejects.toMatchObject({ type: problems['customer-erased'] });
    expect(recorded()).toEqual(['OrderPlaced']);
  });

  it('is not recorded under a new key when the customer is erased in the middle of it', async () => {
    const { changing, keys, recorded } = await placedOrder();
    keys.onSeal = () => (keys.key = null);
    await expect(changing.changeAddress(orderId, elsewhere, '*')).rejects.toBeInstanceOf(Problem);
    expect(recorded()).toEqual(['OrderPlaced']);
  });
});
