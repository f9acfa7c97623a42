/** What a test asks to go wrong. */
export type FaultRequest =
  /** All connections break off, now. */
  | { readonly fault: 'drop-connections' }
  /** All subscriptions end, now, as those of clients that read too slowly did in older servers. */
  | { readonly fault: 'drop-subscriptions' }
  /** The n-th append or deletion from now goes wrong before or after it is stored. */
  | { readonly fault: 'append'; readonly nth: number; readonly when: When; readonly effect: Effect; readonly delayMs: number }
  /** The n-th append or deletion from now is answered as by a follower that knows its leader. */
  | { readonly fault: 'not-leader'; readonly nth: number; readonly host: string; readonly port: number };

const WHENS = ['before-stored', 'after-stored'] as const;
const EFFECTS = ['fail', 'delay', 'drop-connections'] as const;
type When = (typeof WHENS)[number];
type Effect = (typeof EFFECTS)[number];
export type AppendFault = Extract<FaultRequest, { readonly nth: number }>;

/** The message says what is wrong with the request. */
export class FaultRefused extends Error {
  override readonly name = 'FaultRefused';
}

const LONGEST_DELAY_MS = 60_000;
const LARGEST_NTH = 1_000_000;

/** @throws FaultRefused. */
export function faultRequestOf(json: string): FaultRequest {
  const fields = fieldsOf(json);
  switch (fields['fault']) {
    case 'drop-connections':
    case 'drop-subscriptions':
      return { fault: fields['fault'] };
    case 'append':
      return {
        fault: 'append',
        nth: integer(fields, 'nth', 1, LARGEST_NTH, 1),
        when: oneOf(fields, 'when', WHENS),
        effect: oneOf(fields, 'effect', EFFECTS),
        delayMs: integer(fields, 'delayMs', 1, LONGEST_DELAY_MS, fields['effect'] === 'delay' ? undefined : 1),
      };
    case 'not-leader':
      return {
        fault: 'not-leader',
        nth: integer(fields, 'nth', 1, LARGEST_NTH, 1),
        host: text(fields, 'host'),
        port: integer(fields, 'port', 1, 65_535),
      };
    default:
      throw new FaultRefused('"fault" must be one of drop-connections, drop-subscriptions, append, not-leader');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(json: string): Fields {
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Fields;
  } catch (cause) {
    throw new FaultRefused('The body must be JSON', { cause });
  }
  throw new FaultRefused('The body must be an object');
}

function integer(fields: Fields, name: string, min: number, max: number, fallback?: number): number {
  const value = fields[name] ?? fallback;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new FaultRefused(`"${name}" must be a whole number from ${min} to ${max}`);
}

function oneOf<Value extends string>(fields: Fields, name: string, values: readonly Value[]): Value {
  const value = values.find((each) => each === fields[name]);
  if (value === undefined) throw new FaultRefused(`"${name}" must be one of ${values.join(', ')}`);
  return value;
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  // It becomes a trailer, where nothing else is legal.
  if (typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value)) return value;
  throw new FaultRefused(`"${name}" must be a text of printable characters`);
}
