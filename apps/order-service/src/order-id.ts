import { randomBytes } from 'node:crypto';
import { derivedId } from '@orderstream/event-sourcing';

/**
 * With a key, the same customer and key always give the same order, so that the stream itself
 * remembers what was placed under the key. Without one, every order is new.
 */
export function orderIdFor(customerId: string, idempotencyKey: string | undefined): string {
  return idempotencyKey === undefined ? uuidV7() : derivedId('order', customerId, idempotencyKey);
}

/** RFC 9562 §5.7: in the order of time, so that the index of orders grows at one end. */
function uuidV7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
