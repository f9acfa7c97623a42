export interface Method {
  readonly path: string;
  /** The message it takes; undefined where none is defined. */
  readonly request: string | undefined;
  readonly takesStream: boolean;
  /** May go on for ever. */
  readonly isOpenEnded: boolean;
}

const STREAMS = 'event_store.client.streams';
const GROUPS = 'event_store.client.persistent_subscriptions';
const PROJECTIONS = 'event_store.client.projections';

function method(
  service: string,
  name: string,
  request: string | undefined,
  kind: Partial<Pick<Method, 'takesStream' | 'isOpenEnded'>> = {},
): Method {
  return { path: `/${service}/${name}`, request, takesStream: false, isOpenEnded: false, ...kind };
}

const bothWays = { takesStream: true, isOpenEnded: true };

const SERVED: readonly Method[] = [
  method(`${STREAMS}.Streams`, 'Read', `${STREAMS}.ReadReq`, { isOpenEnded: true }),
  method(`${STREAMS}.Streams`, 'Read', `${STREAMS}.ReadReq`, { isOpenEnded: true }),
  method(`${STREAMS}.Streams`, 'Append', `${STREAMS}.AppendReq`, { takesStream: true }),
  method(`${STREAMS}.Streams`, 'Append', `${STREAMS}.AppendReq`, { takesStream: true }),
  method(`${STREAMS}.Streams`, 'BatchAppend', `${STREAMS}.BatchAppendReq`, { takesStream: true }),
  method(`${STREAMS}.Streams`, 'BatchAppend', `${STREAMS}.BatchAppendReq`, { takesStream: true }),
  method(`${STREAMS}.Streams`, 'Delete', `${STREAMS}.DeleteReq`),
  method(`${STREAMS}.Streams`, 'Tombstone', `${STREAMS}.DeleteReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'Create', `${GROUPS}.CreateReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'Create', `${GROUPS}.CreateReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'Update', `${GROUPS}.CreateReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'Delete', `${GROUPS}.DeleteReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'Read', `${GROUPS}.ReadReq`, bothWays),
  method(`${GROUPS}.PersistentSubscriptions`, 'Read', `${GROUPS}.ReadReq`, bothWays),
  method(`${GROUPS}.PersistentSubscriptions`, 'GetInfo', `${GROUPS}.GetInfoReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'ReplayParked', `${GROUPS}.ReplayParkedReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'List', `${GROUPS}.ListReq`),
  method(`${GROUPS}.PersistentSubscriptions`, 'RestartSubsystem', undefined),
  method(`${PROJECTIONS}.Projections`, 'Enable', `${PROJECTIONS}.EnableReq`),
  method(`${PROJECTIONS}.Projections`, 'Disable', `${PROJECTIONS}.EnableReq`),
  method(`${PROJECTIONS}.Projections`, 'Statistics', `${PROJECTIONS}.StatisticsReq`),
  method('event_store.client.gossip.Gossip', 'Read', undefined),
  method('event_store.client.server_features.ServerFeatures', 'GetSupportedMethods', undefined),
];

const NOT_SERVED: readonly Method[] = [
  ...['Create', 'Update', 'Delete', 'Reset', 'State', 'Result', 'RestartSubsystem'].map((name) =>
    method(`${PROJECTIONS}.Projections`, name, undefined),
  ),
  method('event_store.client.streams.Streams', 'NoSuchMethod', undefined),
];

/** Mostly those that have something to lose. */
export const METHODS: readonly Method[] = [...SERVED, ...SERVED, ...SERVED, ...NOT_SERVED];
