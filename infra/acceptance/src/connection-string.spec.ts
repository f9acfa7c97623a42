import { fileURLToPath } from 'node:url';
import { EventStoreDBClient } from '@eventstore/db-client';
import { eventStoreUrl } from '@orderstream/service/config';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const isTakenByClient = (connectionString: string): boolean => {
  try {
    EventStoreDBClient.connectionString(connectionString);
    return true;
  } catch {
    return false;
  }
};
const isTaken = (connectionString: string): boolean => eventStoreUrl.safeParse(connectionString).success;

describe('The setting of the event store', () => {
  it.each([
    'esdb://127.0.0.1:4113?tls=false',
    'esdb://localhost',
    'esdb://localhost:2113/',
    'esdb://admin:change%40it@node1:2113,node2:2113,node3:2113?tls=true&nodePreference=follower',
    'esdb+discover://admin:changeit@cluster.example:2113?tls-verify-cert=true&keepAliveInterval=-1',
    `esdb://localhost:2113?tls=true&tlsCAFile=${encodeURIComponent(fileURLToPath(import.meta.url))}`,
  ])('may be %s, which the client takes', (connectionString) => {
    expect({ ours: isTaken(connectionString), client: isTakenByClient(connectionString) }).toEqual({ ours: true, client: true });
  });

  it.each([
    ['kurrentdb://127.0.0.1:2113', 'for KurrentDB too'],
    ['kurrentdb+discover://127.0.0.1:2113', 'for KurrentDB too'],
    ['http://127.0.0.1:2113', 'must be an esdb://'],
    ['127.0.0.1:2113', 'must be an esdb://'],
    ['esdb://', 'must name hosts'],
    ['esdb://host:port', 'must name hosts'],
    ['esdb://host:99999', 'must name hosts'],
    ['esdb://a:1,,b:2', 'must name hosts'],
    ['esdb://admin@host:2113', 'must name a user'],
    ['esdb://admin:%zz@host:2113', 'must name a user'],
    ['esdb://host?tls=maybe', 'tls must be true or false'],
    ['esdb://host?tls', 'must have options as'],
    ['esdb://admin:1?secret@host', 'must have options as'],
    ['esdb://host?insecure=true', 'has no option "insecure"'],
    ['esdb://host?maxDiscoverAttempts=many', 'maxDiscoverAttempts must be a whole number'],
    ['esdb://host?tlsCAFile=/nowhere.pem', 'tlsCAFile must be a file that is there'],
    ['esdb://host?userCertFile=/proc/self/environ', 'userCertFile and userKeyFile'],
  ])('is refused as %s', (connectionString, problem) => {
    expect(eventStoreUrl.safeParse(connectionString).error?.issues[0]?.message).toContain(problem);
  });

  it('is never one that the client would refuse', () => {
    const part = fc.constantFrom(
      'esdb',
      'esdb+discover',
      'kurrentdb',
      '://',
      'a',
      'a:1',
      ',',
      ':',
      '@',
      'u:p@',
      '%40',
      '%',
      '/',
      '?',
      '&',
      '=',
      'tls=true',
      'tls=false',
      'tls=x',
      'nodePreference=random',
      'gossipTimeout=5',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 9 }), fc.boolean(), (parts, whole) => {
        const connectionString = `${whole ? 'esdb://a' : ''}${parts.join('')}`;
        return !isTaken(connectionString) || isTakenByClient(connectionString);
      }),
      { numRuns: 500 },
    );
  });
});
