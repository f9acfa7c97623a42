import type { EventStoreDBClient } from '@eventstore/db-client';

type Library = typeof import('@eventstore/db-client');

const load: Readonly<Record<string, () => Promise<Library>>> = {
  eventstoredb: () => import('@eventstore/db-client'),
  kurrentdb,
};

const clientName = process.env['EVENTSTORE_CLIENT'] ?? 'eventstoredb';

/**
 * The client library that the tests use, EventStoreDB's or KurrentDB's: both register their generated classes under
 * the same global names, so that a process can load only one. Tests are written against EventStoreDB's names.
 */
const library = await (load[clientName] ?? unknownClient)();

function unknownClient(): never {
  throw new Error(`EVENTSTORE_CLIENT must be one of ${Object.keys(load).join(', ')}, not "${clientName}"`);
}

export const {
  END,
  MaxAppendSizeExceededError,
  NotFoundError,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  START,
  StreamDeletedError,
  WrongExpectedVersionError,
  binaryEvent,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  streamNameFilter,
} = library;

export function connect(url: string): EventStoreDBClient {
  return library.EventStoreDBClient.connectionString(url);
}

/** KurrentDB's library under EventStoreDB's names. */
async function kurrentdb(): Promise<Library> {
  const kurrent = await import('@kurrent/kurrentdb-client');
  Object.defineProperties(kurrent.WrongExpectedVersionError.prototype, {
    expectedVersion: {
      get(this: { expectedState: unknown }) {
        return this.expectedState;
      },
    },
    actualVersion: {
      get(this: { actualState: unknown }) {
        return this.actualState;
      },
    },
  });
  const connectionString = (url: string): unknown => {
    const client = kurrent.KurrentDBClient.connectionString(url.replace(/^esdb/, 'kurrentdb'));
    const append = client.appendToStream.bind(client);
    // What sets metadata goes through it too.
    const appendToStream = (
      stream: string,
      events: Parameters<typeof append>[1],
      options: AppendOptions = {},
    ): ReturnType<typeof append> => {
      const { expectedRevision, ...others } = options;
      return append(stream, events, expectedRevision === undefined ? others : { ...others, streamState: expectedRevision });
    };
    return Object.assign(client, { appendToStream });
  };
  return { ...kurrent, EventStoreDBClient: { connectionString } } as unknown as Library;
}

type AppendOptions = Parameters<EventStoreDBClient['appendToStream']>[2];
