import { statfsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { freemem, loadavg, totalmem } from 'node:os';
import { NIL } from '../protocol/uuid.ts';
import { report } from '../report.ts';
import type { Admission } from './access.ts';
import type { Answer, Route } from './route.ts';

/** What is told about this node: all of it true, and shaped as the real server shapes it. */
export interface NodeFacts {
  readonly instanceId: string;
  readonly version: string;
  readonly folder: string;
  readonly startedAt: Date;
  /** Where clients reach this node; without it, where this one did. */
  readonly advertisedHost: string | undefined;
  readonly advertisedPort: number | undefined;
  readonly lastPosition: () => bigint;
  /** Whether there are credentials, and users to have them. */
  readonly isSecure: boolean;
  readonly hasProjections: boolean;
  /** In elections that this node can't lose; somebody may have set it. */
  nodePriority: number;
}

/** Positions are written as numbers, however long. */
function json(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? JSON.rawJSON(String(each)) : each));
}

export function monitoringRoutes(facts: NodeFacts): Route {
  const pages: Readonly<Record<string, (request: IncomingMessage) => Answer>> = {
    '/health/live': () => ({ status: 204 }),
    '/info': () => ({ status: 200, body: infoOf(facts) }),
    '/gossip': (request) => ({ status: 200, body: gossipOf(facts, request) }),
    '/stats': () => ({ status: 200, body: statsOf(facts) }),
  };
  return (request, path) => {
    const page = pages[path];
    if (page === undefined) return undefined;
    return request.method === 'GET' || request.method === 'HEAD' ? page(request) : { status: 405 };
  };
}

function infoOf({ version, isSecure, hasProjections }: NodeFacts) {
  return {
    esVersion: version,
    state: 'leader',
    features: { projections: hasProjections, userManagement: isSecure, atomPub: false },
    authentication: { type: isSecure ? 'internal' : 'insecure', properties: {} },
  };
}

function gossipOf(
  { instanceId, version, advertisedHost, advertisedPort, lastPosition, nodePriority }: NodeFacts,
  { socket }: IncomingMessage,
) {
  const httpEndPointIp = advertisedHost ?? socket.localAddress;
  const httpEndPointPort = advertisedPort ?? socket.localPort;
  const position = lastPosition();
  const member = {
    instanceId,
    timeStamp: new Date().toISOString(),
    state: 'Leader',
    isAlive: true,
    // There is no TCP; clients that read this page want the fields to be there.
    internalTcpIp: httpEndPointIp,
    internalTcpPort: 0,
    internalSecureTcpPort: 0,
    externalTcpIp: httpEndPointIp,
    externalTcpPort: 0,
    externalSecureTcpPort: 0,
    internalHttpEndPointIp: httpEndPointIp,
    internalHttpEndPointPort: httpEndPointPort,
    httpEndPointIp,
    httpEndPointPort,
    lastCommitPosition: position,
    writerCheckpoint: position,
    chaserCheckpoint: position,
    epochPosition: 0,
    epochNumber: 0,
    epochId: NIL,
    nodePriority,
    isReadOnlyReplica: false,
    esVersion: version,
  };
  return { members: [member], serverIp: httpEndPointIp, serverPort: httpEndPointPort };
}

export function statsOf({ startedAt, folder, lastPosition }: NodeFacts) {
  const { blocks, bavail, bsize } = statfsSync(folder);
  const [last1m, last5m, last15m] = loadavg();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    proc: {
      startTime: startedAt.toISOString(),
      id: process.pid,
      mem: rss,
      cpuSeconds: (user + system) / 1_000_000,
      gc: { totalBytesInHeaps: heapUsed },
    },
    sys: {
      loadavg: { '1m': last1m, '5m': last5m, '15m': last15m },
      freeMem: freemem(),
      totalMem: totalmem(),
      drive: { [folder]: { availableBytes: bavail * bsize, totalBytes: blocks * bsize, usedBytes: (blocks - bavail) * bsize } },
    },
    es: { checksum: lastPosition(), checksumNonFlushed: lastPosition() },
  };
}

/** Answers with the first route that knows the path. Without `admit`, everybody. */
export function answerHttp(routes: readonly Route[], admit?: Admission) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const send = ({ status, headers = {}, body }: Answer): void => {
      if (body === undefined) response.writeHead(status, headers).end();
      else
        response
          .writeHead(status, { ...headers, 'content-type': 'application/json' })
          .end(request.method === 'HEAD' ? undefined : json(body));
    };
    const [path = '/'] = (request.url ?? '/').split('?');
    const answer = async (): Promise<Answer> => {
      const refusal = await admit?.(request, path);
      if (refusal !== undefined) return refusal;
      for (const route of routes) {
        const found = route(request, path);
        if (found !== undefined) return found;
      }
      return { status: 404 };
    };
    void answer().catch(failed).then(send);
  };
}

function failed(cause: unknown): Answer {
  report(cause);
  return { status: 500 };
}
