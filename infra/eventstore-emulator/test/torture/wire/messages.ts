import protobuf from 'protobufjs';
import { definitions } from '../../../src/protocol/definitions.ts';
import type { Random } from '../random.ts';
import { number, text } from './values.ts';

const root = new protobuf.Root();
for (const definition of definitions) protobuf.parse(definition, root);
root.resolveAll();

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const DEEPEST = 12;

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function tagged(id: number, wireType: number, value: Buffer): Buffer {
  const tag = varint(BigInt(id) * 8n + BigInt(wireType));
  return wireType === BYTES ? Buffer.concat([tag, varint(BigInt(value.byteLength)), value]) : Buffer.concat([tag, value]);
}

/** A message as no client makes it: fields are missing or come twice, are of the wrong kind, or unknown. */
export function message(random: Random, name: string, isFirst: boolean): Buffer {
  const bytes = fields(random, root.lookupType(name), 0, isFirst);
  if (random.chance(0.92)) return bytes;
  if (random.chance(0.3)) return bytes.subarray(0, random.below(bytes.byteLength + 1));
  const broken = Buffer.from(bytes);
  for (let flips = 0; flips < 4 && broken.byteLength > 0; flips++) broken[random.below(broken.byteLength)] = random.below(256);
  return broken;
}

/** `isFirst`: on a call that takes many, the first one says what the others are about. */
function fields(random: Random, type: protobuf.Type, depth: number, isFirst = false): Buffer {
  const parts: Buffer[] = [];
  const isTidy = random.chance(0.8);
  for (const oneof of type.oneofsArray) {
    const [options, ...others] = oneof.fieldsArray;
    const isContent = oneof.name === 'content' && random.chance(0.8);
    const likely = isContent ? (isFirst ? [options!] : others) : oneof.fieldsArray;
    const members = isTidy ? [random.pick(likely)] : oneof.fieldsArray.filter(() => random.chance(0.4));
    if (random.chance(0.95)) for (const member of members) parts.push(field(random, member, depth));
  }
  for (const each of type.fieldsArray) {
    if (each.partOf !== null || random.chance(isTidy ? 0.05 : 0.3)) continue;
    const times = each.repeated ? repetitions(random) : random.chance(0.03) ? 2 : 1;
    for (let time = 0; time < times; time++) parts.push(field(random, each, depth));
  }
  if (random.chance(0.05)) parts.push(unknown(random));
  if (random.chance(0.3)) parts.sort(() => random.next() - 0.5);
  return Buffer.concat(parts);
}

function repetitions(random: Random): number {
  return random.chance(0.01) ? 2000 : random.below(4);
}

function field(random: Random, each: protobuf.Field, depth: number): Buffer {
  if (random.chance(0.01)) return tagged(each.id, random.pick([VARINT, BYTES, FIXED64]), random.bytes(8));
  if (each instanceof protobuf.MapField) return metadata(random, each.id);
  if (each.resolvedType instanceof protobuf.Type) {
    const nested = depth >= DEEPEST ? Buffer.alloc(0) : fields(random, each.resolvedType, depth + 1);
    return tagged(each.id, BYTES, nested);
  }
  if (each.type === 'string' || each.type === 'bytes') return tagged(each.id, BYTES, text(random, each.name));
  return tagged(each.id, VARINT, varint(number(random, each.name)));
}

function metadata(random: Random, id: number): Buffer {
  const entry = (key: string, value: Buffer): Buffer =>
    tagged(id, BYTES, Buffer.concat([tagged(1, BYTES, Buffer.from(key)), tagged(2, BYTES, value)]));
  const kind = random.pick(['application/json', 'application/octet-stream', 'text/plain', '']);
  const usual = [entry('type', text(random, 'type')), entry('content-type', Buffer.from(kind))];
  return Buffer.concat(
    random.chance(0.9) ? usual : [entry(random.pick(['type', 'content-type', '', '__proto__', 'constructor']), text(random, 'type'))],
  );
}

/** Fields that nobody knows, groups that are not closed, and messages in messages in messages. */
function unknown(random: Random): Buffer {
  if (random.chance(0.3)) return tagged(1 + random.below(2 ** 28), random.below(8), random.bytes(random.below(12)));
  let nested = Buffer.alloc(0);
  for (let depth = 0; depth < 500; depth++) nested = Buffer.concat([tagged(1 + random.below(9), BYTES, nested)]);
  return nested;
}
