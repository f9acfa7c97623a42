import protobuf from 'protobufjs';
import { definitions } from './definitions.ts';

const root = new protobuf.Root();
for (const definition of definitions) protobuf.parse(definition, root);
root.resolveAll();

/** How a 64-bit number goes into a message. */
export type WireLong = number | { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** One message type of the protocol: bytes to a plain object with only the fields that were sent, and back. */
export class Message<Received, Sent> {
  readonly #type: protobuf.Type;

  constructor(name: string) {
    this.#type = root.lookupType(name);
  }

  /** @throws Error when the bytes are not such a message. 64-bit numbers become BigInts; bytes share the input's memory. */
  decode(bytes: Uint8Array): Received {
    return this.#type.toObject(this.#type.decode(bytes), { longs: BigInt, arrays: true, objects: true }) as Received;
  }

  encode(value: Sent): Buffer {
    return this.#type.encode(value as Record<string, unknown>).finish() as Buffer;
  }
}

const LARGEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

export function wireLong(value: bigint): WireLong {
  if (value >= 0n && value <= LARGEST_EXACT) return Number(value);
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: value >= 0n };
}
