// Our EventStoreDB emulator, probed with a call of EventStoreDB's own protocol.
import { existsSync } from 'node:fs';
import { connect } from 'node:http2';
import path from 'node:path';
import { root } from './layout.ts';
import { HOST, type Server } from './server.ts';

const PROBE_TIMEOUT_MS = 3_000;
const METHOD = '/event_store.client.server_features.ServerFeatures/GetSupportedMethods';
// A gRPC message that is not compressed and has no fields.
const EMPTY_MESSAGE = Buffer.alloc(5);

function callServerFeatures(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${HOST}:${port}`);
    session.once('error', reject);
    session.setTimeout(PROBE_TIMEOUT_MS, () => session.destroy(new Error('no answer')));
    const call = session.request({ ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' });
    let status: string | undefined;
    // An error that comes at once stands in the headers, any other in the trailers.
    for (const event of ['response', 'trailers'] as const) {
      call.once(event, (headers: Record<string, unknown>) => {
        status = typeof headers['grpc-status'] === 'string' ? headers['grpc-status'] : status;
      });
    }
    call.once('error', reject);
    call.once('close', () => {
      session.close();
      if (status === undefined) reject(new Error('the call ended without a status'));
      else resolve(status);
    });
    call.resume();
    call.end(EMPTY_MESSAGE);
  });
}

export const eventstore: Server = {
  name: 'eventstore',
  ports: ['eventstore'],
  prepare: async ({ dataDir, ports }) => {
    const program = path.join(root, 'infra/eventstore-emulator/dist/main.js');
    if (!existsSync(program)) throw new Error(`${program} was not built: nx run @orderstream/eventstore-emulator:build`);
    const db = path.join(dataDir, 'eventstore');
    return { command: process.execPath, args: [program, '--port', String(ports.eventstore), '--db', db, '--insecure'] };
  },
  probe: async ({ ports }) => {
    const status = await callServerFeatures(ports.eventstore);
    if (status !== '0') throw new Error(`the event store answers with gRPC status ${status}`);
  },
};
