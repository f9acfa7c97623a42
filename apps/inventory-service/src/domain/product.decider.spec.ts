import { given } from '@orderstream/event-sourcing/testing';
import { describe, it } from 'vitest';
import { type ProductCommand, type ProductEvent, productDecider } from './product.decider.ts';

const at = '2026-01-01T00:00:00.000Z';
const price = { amount: 1250, currency: 'EUR' };
const dearer = { amount: 1300, currency: 'EUR' };
const list = (name = 'A lamp', at_ = price): ProductCommand => ({ type: 'ListProduct', sku: 'LAMP', name, price: at_, at });
const listed = (name = 'A lamp', at_ = price): ProductEvent => ({
  type: 'ProductListed',
  data: { sku: 'LAMP', name, price: at_, listedAt: at },
});
const priceChanged: ProductEvent = { type: 'ProductPriceChanged', data: { sku: 'LAMP', price: dearer, changedAt: at } };
const delist: ProductCommand = { type: 'DelistProduct', sku: 'LAMP', at };
const delisted: ProductEvent = { type: 'ProductDelisted', data: { sku: 'LAMP', delistedAt: at } };

describe('A product', () => {
  it('is listed for the first time', () => given(productDecider).when(list()).then(listed()));
  it('is listed again under the same name and price without a new event', () => given(productDecider, listed()).when(list()).then());
  it('gets another price', () => given(productDecider, listed()).when(list('A lamp', dearer)).then(priceChanged));
  it('gets another currency', () =>
    given(productDecider, listed())
      .when(list('A lamp', { amount: 1250, currency: 'USD' }))
      .then({ type: 'ProductPriceChanged', data: { sku: 'LAMP', price: { amount: 1250, currency: 'USD' }, changedAt: at } }));
  it('keeps its changed price', () => given(productDecider, listed(), priceChanged).when(list('A lamp', dearer)).then());
  it('is listed anew under another name', () => given(productDecider, listed()).when(list('A torch')).then(listed('A torch')));
  it('is taken off sale once', () => {
    given(productDecider, listed()).when(delist).then(delisted);
    given(productDecider, listed(), delisted).when(delist).then();
  });
  it('that nobody listed can not be taken off sale', () => given(productDecider).when(delist).thenRejected({ type: 'unknown-product' }));
  it('comes back on sale with all its details', () => given(productDecider, listed(), delisted).when(list()).then(listed()));
});
