import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { type RpcFault, shuttingDown } from '../errors.ts';
import type { FaultPlan } from '../faults/fault-plan.ts';
import { faultRoute } from '../faults/fault-route.ts';
import { httpAdmission } from '../http/access.ts';
import { type NodeFacts, answerHttp, monitoringRoutes } from '../http/monitoring.ts';
import type { CommitSignal } from '../log/commit-signal.ts';
import type { Groups } from '../persistent/groups.ts';
import type { Projections } from '../projections/projections.ts';
import { ReadReq } from '../protocol/messages.ts';
import type { Scavenger } from '../scavenge/scavenger.ts';
import type { Access } from '../security/access.ts';
import type { StreamReader } from '../streams/stream-reader.ts';
import type { StreamWriter } from '../streams/stream-writer.ts';
import { accessInterceptor, principalOf } from './access.ts';
import type { SizeLimits } from './append-size.ts';
import { type Append, type Remove, handleAppend, handleDelete } from './append.ts';
import { BatchAppendCall, type MayWrite } from './batch-append.ts';
import { OpenCalls, Outlet, decode, finish } from './calls.ts';
import { addMonitoring } from './monitoring-service.ts';
import { addOperations } from './operations-service.ts';
import { addPersistentSubscriptions } from './persistent-service.ts';
import { addProjections } from './projections-service.ts';
import { readRequestOf } from './read-request.ts';
import { readAll, readStream } from './reads.ts';
import { getSupportedMethods, gossipService, readGossip, serverFeaturesService, streamsService } from './services.ts';
import { SharedPort } from './shared-port.ts';
import { subscribeToAll, subscribeToStream } from './subscriptions.ts';
import { addUsers } from './users-service.ts';

/** As much as the real server allows on one connection: the next call waits, without a word, until one ends. */
const MAX_CONCURRENT_STREAMS = 100;
/** What a record of the real log may have, without what the log needs itself. */
const MAX_RECEIVE_BYTES = 16 * 1024 * 1024 - 10_000;
const CLOSE_TIMEOUT_MS = 2000;

export interface Served {
  readonly streams: StreamReader;
  readonly writer: StreamWriter;
  readonly commits: CommitSignal;
  readonly limits: SizeLimits;
  readonly facts: NodeFacts;
  /** Given when faults may be asked for. */
  readonly faults: FaultPlan | undefined;
  readonly groups: Groups;
  /** null: the server has none. */
  readonly projections: Projections | null;
  /** undefined: neither TLS nor credentials. */
  readonly access: Access | undefined;
  readonly scavenger: Scavenger;
  /** Begins a clean end of the process. */
  readonly shutDown: () => void;
}

export interface Listening {
  readonly port: number;
  /** Ends open calls with CANCELLED and closes the connections, whatever clients do. */
  close(): Promise<void>;
}

/** @throws when the address can't be listened on. */
export async function serve(served: Served, host: string, port: number): Promise<Listening> {
  const { access, facts } = served;
  const grpc = new Server({
    ...(access === undefined ? {} : { interceptors: [accessInterceptor(access.authenticator, access.policy)] }),
    'grpc.max_concurrent_streams': MAX_CONCURRENT_STREAMS,
    'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  });
  const calls = new OpenCalls();
  const subscriptions = new OpenCalls();
  const breakable = { dropConnections: () => shared.drop(), endSubscriptions: (fault: RpcFault) => subscriptions.end(fault) };
  const { writer } = served;
  const faulty = <Args extends unknown[], Outcome>(write: (...args: Args) => Promise<Outcome>) =>
    served.faults?.around(write, () => breakable) ?? write;
  const writes: Writes = {
    append: faulty(writer.append.bind(writer)),
    softDelete: faulty(writer.softDelete.bind(writer)),
    tombstone: faulty(writer.tombstone.bind(writer)),
  };
  addStreams(grpc, served, writes, { calls, subscriptions });
  addPersistentSubscriptions(grpc, served.groups, served.streams, calls);
  if (served.projections !== null) addProjections(grpc, served.projections, calls);
  if (access !== undefined) addUsers(grpc, access.users, calls);
  addOperations(grpc, served.groups, served.scavenger, facts, served.shutDown);
  addMonitoring(grpc, facts, calls);
  grpc.addService(serverFeaturesService, {
    getSupportedMethods: getSupportedMethods({ hasProjections: served.projections !== null, hasUsers: access !== undefined }),
  });
  grpc.addService(gossipService, { read: readGossip(port, facts) });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const routes = [monitoringRoutes(facts), ...(served.faults === undefined ? [] : [faultRoute(served.faults, breakable)])];
  const admit = access === undefined ? undefined : httpAdmission(access.authenticator, access.policy);
  const shared = new SharedPort((socket) => injector.injectConnection(socket), answerHttp(routes, admit), access?.certificate);
  const bound = await shared.listen(host, port);
  const close = async (): Promise<void> => {
    calls.end(shuttingDown());
    // Tells clients to open no more calls; that it is done says nothing of what is still on its way to them.
    grpc.tryShutdown(() => {});
    await shared.close(CLOSE_TIMEOUT_MS);
  };
  return { port: bound, close };
}

interface Open {
  readonly calls: OpenCalls;
  /** Those of the calls that have no end of their own. */
  readonly subscriptions: OpenCalls;
}

interface Writes {
  readonly append: Append;
  readonly softDelete: Remove;
  readonly tombstone: Remove;
}

function addStreams(
  grpc: Server,
  { streams, commits, limits, access }: Served,
  { append, softDelete, tombstone }: Writes,
  { calls, subscriptions }: Open,
): void {
  const read = async (call: ServerWritableStream<Buffer, Buffer>, signal: AbortSignal): Promise<void> => {
    const request = readRequestOf(decode(ReadReq, call.request).options);
    const isSubscription = request.kind === 'subscribe-to-stream' || request.kind === 'subscribe-to-all';
    const outlet = new Outlet(call, isSubscription ? AbortSignal.any([signal, subscriptions.open(call)]) : signal);
    switch (request.kind) {
      case 'read-stream':
        return readStream(request, streams, outlet);
      case 'read-all':
        return readAll(request, streams, outlet);
      case 'subscribe-to-stream':
        return subscribeToStream(request, { streams, commits, outlet });
      case 'subscribe-to-all':
        return subscribeToAll(request, { streams, commits, outlet });
    }
  };
  grpc.addService(streamsService, {
    read: (call: ServerWritableStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, read(call, signal));
    },
    append: handleAppend(append, limits, (call) => calls.open(call)),
    batchAppend: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      const mayWrite: MayWrite = (target) =>
        access === undefined || access.policy.allows(principalOf(call), { operation: 'streams.write', ...target });
      void finish(call, signal, new BatchAppendCall(call, append, limits, mayWrite).run(signal));
    },
    delete: handleDelete(softDelete),
    tombstone: handleDelete(tombstone),
  });
}
