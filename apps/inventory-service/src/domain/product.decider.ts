import type { EventOf, Money } from '@orderstream/contracts';
import { type Decider, unreachable } from '@orderstream/event-sourcing';

export type ProductCommand =
  /** The product is on sale under this name and price from now on, whatever it was before. */
  | { readonly type: 'ListProduct'; readonly sku: string; readonly name: string; readonly price: Money; readonly at: string }
  | { readonly type: 'DelistProduct'; readonly sku: string; readonly at: string };

export type ProductEvent = EventOf<'product'>;

export type ProductState =
  | { readonly status: 'unknown' }
  | { readonly status: 'listed'; readonly name: string; readonly price: Money }
  | { readonly status: 'delisted'; readonly name: string; readonly price: Money };

export type ProductRejection = { readonly type: 'unknown-product' };

export const productDecider: Decider<ProductState, ProductCommand, ProductEvent, ProductRejection> = {
  category: 'product',
  initialState: { status: 'unknown' },

  decide(command, state) {
    const { sku, at } = command;
    switch (command.type) {
      case 'ListProduct': {
        const { name, price } = command;
        if (state.status !== 'listed' || state.name !== name) {
          return [{ type: 'ProductListed', data: { sku, name, price, listedAt: at } }];
        }
        if (!samePrice(state.price, price)) return [{ type: 'ProductPriceChanged', data: { sku, price, changedAt: at } }];
        return [];
      }
      case 'DelistProduct':
        if (state.status === 'unknown') return { rejection: { type: 'unknown-product' } };
        return state.status === 'delisted' ? [] : [{ type: 'ProductDelisted', data: { sku, delistedAt: at } }];
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ProductListed':
        return { status: 'listed', name: event.data.name, price: event.data.price };
      case 'ProductPriceChanged':
        return known(state, { price: event.data.price });
      case 'ProductDelisted':
        return known(state, { status: 'delisted' });
      default:
        return unreachable(event);
    }
  },
};

type Known = Exclude<ProductState, { readonly status: 'unknown' }>;

function known(state: ProductState, change: Partial<Known>): ProductState {
  if (state.status === 'unknown') throw new Error('a product stream begins with ProductListed');
  return { ...state, ...change };
}

function samePrice(one: Money, other: Money): boolean {
  return one.amount === other.amount && one.currency === other.currency;
}
