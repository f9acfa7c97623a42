import { commandsOf } from '@orderstream/service';
import { stockDecider } from './domain/stock.decider.ts';
import { gatheredByKey } from './gathering.ts';

/** A product that all of these concern gets as many events in one append, which must stay well below the store's limit of 1 MiB. */
const MOST_AT_ONCE = 500;

/**
 * Commands to the stock of any number of products. Answered in the order of the batch.
 *
 * Requests are gathered, product by product: a product's stock is one stream, and many requests at once would race
 * for it until some gave up.
 */
export class StockCommands extends commandsOf(stockDecider, (handle) => gatheredByKey(handle, MOST_AT_ONCE)) {}
