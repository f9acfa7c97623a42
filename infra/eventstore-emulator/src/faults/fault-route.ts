import type { IncomingMessage } from 'node:http';
import type { Answer, Route } from '../http/route.ts';
import type { Breakable, FaultPlan } from './fault-plan.ts';
import { FaultRefused, faultRequestOf } from './fault-request.ts';

const MOST_BYTES = 4096;

/**
 * Faults are asked for over HTTP: every language and every shell can do that beside an unmodified client, which
 * sends no metadata that a test could choose, and the gRPC services stay as they are.
 */
export function faultRoute(plan: FaultPlan, breakable: Breakable): Route {
  return (request, path) => {
    if (path !== '/faults') return undefined;
    switch (request.method) {
      case 'GET':
        return { status: 200, body: plan.planned };
      case 'DELETE':
        plan.clear();
        return { status: 204 };
      case 'POST':
        return add(request, plan, breakable);
      default:
        return { status: 405 };
    }
  };
}

async function add(request: IncomingMessage, plan: FaultPlan, breakable: Breakable): Promise<Answer> {
  try {
    plan.add(faultRequestOf(await bodyOf(request)), breakable);
    return { status: 204 };
  } catch (cause) {
    if (cause instanceof FaultRefused) return { status: 400, body: { message: cause.message } };
    throw cause;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MOST_BYTES) throw new FaultRefused(`The body must not be longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
