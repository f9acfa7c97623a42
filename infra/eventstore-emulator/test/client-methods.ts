/** Every method that the service definitions of clients name, from the published protocol. */
export const CLIENT_METHODS: Readonly<Record<string, readonly string[]>> = {
  'event_store.client.streams.Streams': ['Read', 'Append', 'Delete', 'Tombstone', 'BatchAppend'],
  'event_store.client.persistent_subscriptions.PersistentSubscriptions': [
    'Create', 'Update', 'Delete', 'Read', 'GetInfo', 'ReplayParked', 'List', 'RestartSubsystem', 'TruncateParked',
  ],
  'event_store.client.projections.Projections': [
    'Create', 'Update', 'Delete', 'Statistics', 'Disable', 'Enable', 'Reset', 'State', 'Result', 'RestartSubsystem',
  ],
  'event_store.client.users.Users': ['Create', 'Update', 'Delete', 'Disable', 'Enable', 'Details', 'ChangePassword', 'ResetPassword'],
  'event_store.client.operations.Operations': [
    'StartScavenge', 'StopScavenge', 'Shutdown', 'MergeIndexes', 'ResignNode', 'SetNodePriority', 'RestartPersistentSubscriptions',
  ],
  'event_store.client.monitoring.Monitoring': ['Stats'],
  'event_store.client.gossip.Gossip': ['Read'],
  'event_store.client.server_features.ServerFeatures': ['GetSupportedMethods'],
  'kurrentdb.protocol.v2.streams.StreamsService': ['AppendSession', 'AppendRecords'],
  'kurrentdb.protocol.v2.ServerInfoService': ['GetServerInfo'],
};
