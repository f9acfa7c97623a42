const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** A quick hash of 32 bits. Another seed gives another hash function. */
export function fnv1a(text: string, seed = OFFSET_BASIS): number {
  let value = seed;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), PRIME);
  return value >>> 0;
}
