import { type WireLong, wireLong } from './wire.ts';

export interface WireUuid {
  readonly string?: string;
  readonly structured?: { readonly mostSignificantBits?: bigint; readonly leastSignificantBits?: bigint };
}

const HYPHENATED = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const PLAIN = /^[0-9a-f]{32}$/i;
export const NIL = '00000000-0000-0000-0000-000000000000';

/** A UUID as lower-case text with hyphens; null when it is missing or none. */
export function parseUuid(uuid: WireUuid | undefined): string | null {
  if (uuid?.structured !== undefined) {
    const { mostSignificantBits = 0n, leastSignificantBits = 0n } = uuid.structured;
    return hyphenated(hex64(mostSignificantBits) + hex64(leastSignificantBits));
  }
  const text = uuid?.string;
  if (text === undefined) return null;
  if (HYPHENATED.test(text)) return text.toLowerCase();
  return PLAIN.test(text) ? hyphenated(text.toLowerCase()) : null;
}

export interface StructuredUuid {
  readonly structured: { readonly mostSignificantBits: WireLong; readonly leastSignificantBits: WireLong };
}
export type SentUuid = StructuredUuid | { readonly string: string };

export function structuredUuid(id: string): StructuredUuid {
  const hex = id.replaceAll('-', '');
  return {
    structured: {
      mostSignificantBits: wireLong(BigInt(`0x${hex.slice(0, 16)}`)),
      leastSignificantBits: wireLong(BigInt(`0x${hex.slice(16)}`)),
    },
  };
}

function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}

function hyphenated(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
