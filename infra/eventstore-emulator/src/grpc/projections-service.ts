import { type Server, type ServerWritableStream, status } from '@grpc/grpc-js';
import { RpcFault, unexpectedRequest } from '../errors.ts';
import { ALL, placeText } from '../persistent/definition.ts';
import type { Projection } from '../projections/projection.ts';
import type { Projections } from '../projections/projections.ts';
import { EnableReq, type StatisticsOptions, StatisticsReq, StatisticsResp, type SentDetails } from '../protocol/projections-messages.ts';
import { isOperator } from '../security/principal.ts';
import { principalOf } from './access.ts';
import { type OpenCalls, Outlet, decode, finish, method } from './calls.ts';
import { EMPTY, type Unary, unary } from './unary.ts';

const SERVICE = '/event_store.client.projections.Projections';

export const projectionsService = {
  enable: method(`${SERVICE}/Enable`),
  disable: method(`${SERVICE}/Disable`),
  statistics: method(`${SERVICE}/Statistics`, { responseStream: true }),
};

const notServed = Object.fromEntries(
  ['Create', 'Update', 'Delete', 'Reset', 'State', 'Result', 'RestartSubsystem'].map((name) => [name, method(`${SERVICE}/${name}`)]),
);

const refuse: Unary = (_call, reply) =>
  reply(
    new RpcFault(
      status.UNIMPLEMENTED,
      'Only the system projections are served here, and only to be enabled, disabled and looked at: there is no JavaScript.',
    ),
  );

export function addProjections(grpc: Server, projections: Projections, calls: OpenCalls): void {
  grpc.addService(projectionsService, {
    enable: change(projections, (projection) => projection.enable()),
    // Without a checkpoint the real server calls it aborted.
    disable: change(projections, (projection, writesCheckpoint) => projection.disable(writesCheckpoint ? 'Stopped' : 'Aborted')),
    statistics: (call: ServerWritableStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, sendStatistics(projections, call.request, new Outlet(call, signal)));
    },
  });
  grpc.addService(notServed, Object.fromEntries(Object.keys(notServed).map((name) => [name, refuse])));
}

function change(projections: Projections, make: (projection: Projection, writesCheckpoint: boolean) => Promise<void>): Unary {
  return unary(async (request, call) => {
    const { options } = decode(EnableReq, request);
    if (options === undefined) throw unexpectedRequest();
    const projection = named(projections, options.name);
    // At the real server a caller with credentials gets this far, too, and then a refusal for which it has no
    // status.
    if (!isOperator(principalOf(call)))
      throw new RpcFault(status.UNKNOWN, 'Envelope callback expected Updated, received NotAuthorized instead');
    await make(projection, options.writeCheckpoint === true);
    return EMPTY;
  });
}

async function sendStatistics(projections: Projections, request: Buffer, outlet: Outlet): Promise<void> {
  const { options } = decode(StatisticsReq, request);
  if (options === undefined) throw unexpectedRequest();
  for (const projection of asked(projections, options)) {
    await outlet.send(StatisticsResp.encode({ details: detailsOf(projection, projections.system.streams.log.lastPosition) }));
  }
}

/** All of them are continuous. */
function asked(projections: Projections, { name = '', transient, oneTime }: StatisticsOptions): Projection[] {
  if (name !== '') return [named(projections, name)];
  return transient !== undefined || oneTime !== undefined ? [] : projections.all();
}

function named(projections: Projections, name = ''): Projection {
  const found = projections.find(name);
  if (found === undefined) throw new RpcFault(status.NOT_FOUND, `Projection '${name}' not found`);
  return found;
}

function detailsOf({ name, status: state, position, checkpoint, processedEvents }: Projection, lastPosition: bigint): SentDetails {
  return {
    epoch: -1,
    effectiveName: name,
    status: state,
    name,
    mode: 'Continuous',
    position: placeText(ALL, position),
    progress: lastPosition === 0n ? 100 : Number((position * 10_000n) / lastPosition) / 100,
    lastCheckpoint: placeText(ALL, checkpoint),
    eventsProcessedAfterRestart: processedEvents,
  };
}
