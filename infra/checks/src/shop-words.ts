import { parseSync } from '@swc/core';
import { streams } from '../../../libs/contracts/src/streams.ts';

/** As words: `orderId`, `order_id` and `order-id` are `order id`. */
const wordsOf = (name: string): string =>
  name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
    .replaceAll(/[^A-Za-z]+/g, ' ')
    .toLowerCase();

/** Nouns of the shop that mean nothing else in a library, as total, delivery and capture do. */
const NOUN = /\b(cart|currenc(?:y|ie)|customer|inventory|money|payment|price|product|refund|reservation|shipment|shipping|sku|stock)s?\b/;
/** Order also means sequence: only words without a second meaning count as the shop's order. */
const ORDER = /\borders\b|\border (ids?|lines?|service|status)\b/;
const ORDER_STREAM = /\border-$/;
const eventTypes = Object.values(streams).flatMap(({ events }) => events.map(wordsOf));
const EVENT = new RegExp(`\\b(${eventTypes.join('|')})\\b`);

/**
 * The lines of a file whose names or texts are about the shop; comments may illustrate with it, and so may the
 * `example` of an OpenAPI document.
 */
export function linesAboutTheShop(text: string): number[] {
  const bytes = Buffer.from(text);
  const lines = new Set<number>();
  const visit = (node: unknown, start: number): void => {
    if (!isNode(node) || isExample(node)) return;
    const at = node.span?.start ?? start;
    for (const member of Object.values(node)) {
      if (typeof member === 'string' && isAboutTheShop(member)) lines.add(bytes.subarray(0, at).toString().split('\n').length);
      else visit(member, at);
    }
  };
  visit(parseSync(text, { syntax: 'typescript', decorators: true }).body, 0);
  return [...lines];
}

/** A node of a syntax tree, or a list of them. */
interface Node {
  readonly type?: string;
  readonly span?: { readonly start: number };
  readonly key?: { readonly value?: unknown };
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;
const isExample = ({ type, key }: Node): boolean => type === 'KeyValueProperty' && key?.value === 'example';

function isAboutTheShop(name: string): boolean {
  const words = wordsOf(name);
  return NOUN.test(words) || ORDER.test(words) || EVENT.test(words) || ORDER_STREAM.test(name);
}
