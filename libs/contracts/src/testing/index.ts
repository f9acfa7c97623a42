// The contracts of a release after this one, for tests of how old and new builds work together.
import { Contracts, type SchemaFile } from '../contract.ts';
import { schemas } from '../generated.ts';
import { streams } from '../streams.ts';

const text = { type: 'string' };
const money = {
  type: 'record',
  name: 'Money',
  fields: [
    { name: 'amount', type: 'long' },
    { name: 'currency', type: 'string' },
  ],
};
const namespace = 'orderstream.catalog';
const instant = { type: 'long', logicalType: 'timestamp-millis' };

/** A brand is new; what was listed before has none. */
const productListedV2 = {
  type: 'record',
  namespace,
  name: 'ProductListed',
  fields: [
    { name: 'sku', ...text },
    { name: 'name', ...text },
    { name: 'price', type: money },
    { name: 'listedAt', type: instant },
    { name: 'brand', type: ['null', 'string'], default: null },
  ],
};

/** An event that is new. */
const productPraised = {
  type: 'record',
  namespace,
  name: 'ProductPraised',
  fields: [
    { name: 'sku', ...text },
    { name: 'praisedAt', type: instant },
  ],
};

const added: readonly SchemaFile[] = [
  { topic: 'catalog', type: 'ProductListed', version: 2, schema: productListedV2 },
  { topic: 'catalog', type: 'ProductPraised', version: 1, schema: productPraised },
];

export const newerContracts = new Contracts([...schemas, ...added], {
  ...streams,
  product: { ...streams.product, events: [...streams.product.events, 'ProductPraised'] },
});
