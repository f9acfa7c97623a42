import { commandsOf } from '@orderstream/service';
import { productDecider } from './domain/product.decider.ts';

/** Commands to any number of products: those to one product share an append. Answered in the order of the batch. */
export class ProductCommands extends commandsOf(productDecider) {}
