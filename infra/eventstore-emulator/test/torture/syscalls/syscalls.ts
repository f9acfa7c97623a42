import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmulatorProcess } from '../../emulator-process.ts';
import { proposedEvent, streamNamed } from '../../raw-calls.ts';
import { RawClient, STREAMS, wireMessage } from '../../wire.ts';
import { CannotRun, type Rack, type Verdict } from '../torture.ts';
import { type SystemCall, judge, parseTrace } from './trace.ts';

const AppendReq = wireMessage('streams.AppendReq');
const BatchAppendReq = wireMessage('streams.BatchAppendReq');
const DeleteReq = wireMessage('streams.DeleteReq');
const TRACED = 'pwrite64,pwritev,fdatasync,fsync,write,writev,sendmsg,sendto';
const LONGEST_BYTES = 65_536;
const APPENDS = 5;
const SHOWN_DIGITS = 48;

/** What the server was sent and said. */
interface Acknowledged {
  readonly what: string;
  /** Bytes that the write-ahead log holds from then on. */
  readonly stored: Buffer;
  readonly reply: Buffer;
}

/** Traces the emulator's system calls, to see that it syncs before it answers. @throws CannotRun. */
export async function traceSystemCalls({ folder, signal, say }: Rack): Promise<Verdict> {
  if (spawnSync('strace', ['-V']).error !== undefined) throw new CannotRun('strace is missing: this torture needs it, and Linux');
  const emulator = await EmulatorProcess.start({ folder, signal });
  const raw = new RawClient(emulator.port);
  const trace = join(folder, 'trace');
  const strace = spawn(
    'strace',
    ['-f', '-y', '-yy', '-ttt', '-xx', '-s', String(LONGEST_BYTES), '-e', `trace=${TRACED}`, '-o', trace, '-p', String(emulator.pid)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(strace, 'exit');
  try {
    const [said] = (await Promise.race([once(strace.stderr, 'data'), ended])) as [Buffer | number | null];
    if (!String(said).includes('attached')) throw new CannotRun(`strace can't trace: ${String(said)}`);
    const acknowledged = [await append(raw), await append(raw), ...(await appendAtOnce(raw)), await remove(raw)];
    strace.kill('SIGINT');
    await ended;
    return told(acknowledged, parseTrace(readFileSync(trace, 'utf8')), say);
  } finally {
    strace.kill('SIGKILL');
    raw.close();
    await emulator.end();
  }
}

async function append(raw: RawClient): Promise<Acknowledged> {
  const stored = Buffer.from(randomUUID());
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  call.write(AppendReq.encode({ options: { streamIdentifier: streamNamed(`one-${randomUUID()}`), any: {} } }));
  call.write(AppendReq.encode({ proposedMessage: proposedEvent({ data: stored }) }));
  call.end();
  return { what: 'an append', stored, reply: await answer };
}

/** In one group commit. */
async function appendAtOnce(raw: RawClient): Promise<Acknowledged[]> {
  const call = raw.duplex(`${STREAMS}/BatchAppend`);
  const stored = Array.from({ length: APPENDS }, () => Buffer.from(randomUUID()));
  for (const data of stored) {
    const options = { streamIdentifier: streamNamed(`many-${randomUUID()}`), any: {} };
    call.write(
      BatchAppendReq.encode({
        correlationId: { string: data.toString() },
        options,
        proposedMessages: [proposedEvent({ data })],
        isFinal: true,
      }),
    );
  }
  call.end();
  const replies = (await Array.fromAsync(call)) as Buffer[];
  return stored.map((data) => ({ what: 'an append of a group', stored: data, reply: replies.find((reply) => reply.includes(data))! }));
}

async function remove(raw: RawClient): Promise<Acknowledged> {
  const stream = `deleted-${randomUUID()}`;
  const { call, answer } = raw.clientStream(`${STREAMS}/Append`);
  call.write(AppendReq.encode({ options: { streamIdentifier: streamNamed(stream), any: {} } }));
  call.write(AppendReq.encode({ proposedMessage: proposedEvent() }));
  call.end();
  await answer;
  const request = DeleteReq.encode({ options: { streamIdentifier: streamNamed(stream), any: {} } });
  // The deletion is what first names the stream's metadata.
  return { what: 'a delete', stored: Buffer.from(`$$${stream}`), reply: await raw.unary(`${STREAMS}/Delete`, request) };
}

function told(acknowledged: readonly Acknowledged[], calls: readonly SystemCall[], say: Rack['say']): Verdict {
  const violations: string[] = [];
  for (const { what, stored, reply } of acknowledged) {
    const { excerpt, violation } = judge(calls, stored, reply);
    say(`${what}:`);
    for (const { at, name, target, hex } of excerpt)
      say(`  ${at} ${name}(${target}${hex === '' ? '' : `, ${hex.length / 2} bytes ${hex.slice(0, SHOWN_DIGITS)}…`})`);
    if (violation !== null) violations.push(`${what}: ${violation}`);
  }
  return { summary: `${acknowledged.length} replies among ${calls.length} system calls`, violations, again: 'syscalls' };
}
