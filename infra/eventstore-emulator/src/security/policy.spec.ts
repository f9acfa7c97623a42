import { describe, expect, it } from 'vitest';
import { demandOf } from '../grpc/demands.ts';
import { type Access, type StreamAcl, rolesFor } from '../streams/stream-acl.ts';
import { Policy } from './policy.ts';
import { ANONYMOUS, type Principal } from './principal.ts';

const principals: Readonly<Record<string, Principal>> = {
  nobody: ANONYMOUS,
  ann: { name: 'ann', groups: [] },
  bob: { name: 'bob', groups: ['readers'] },
  ops: { name: 'ops', groups: ['$ops'] },
  operator: { name: 'olga', groups: ['$ops'] },
  admin: { name: 'admin', groups: ['$admins'] },
  administrator: { name: 'adam', groups: ['$admins'] },
};
const EVERYBODY = Object.keys(principals);
const KNOWN = EVERYBODY.filter((name) => name !== 'nobody');
const OPERATORS = ['ops', 'operator', 'admin', 'administrator'];
const ADMINS = ['admin', 'administrator'];

const acls: Readonly<Record<string, StreamAcl>> = {
  closed: { $r: [], $w: [], $d: [], $mr: [], $mw: [] },
  anns: { $r: ['ann', 'readers'], $w: ['ann'], $d: ['ann'], $mr: ['ann'], $mw: ['ann'] },
  $public: { $r: ['$all'] },
};
const roles = (stream: string, access: Access) => rolesFor(stream, access, acls[stream], {});
const strict = new Policy({ streams: false, endpoints: false, gossip: true }, roles);
const open = new Policy({ streams: true, endpoints: true, gossip: true }, roles);
const shut = new Policy({ streams: false, endpoints: false, gossip: false }, roles);

const allowed = (policy: Policy, demand: Parameters<Policy['allows']>[1]): string[] =>
  EVERYBODY.filter((name) => policy.allows(principals[name]!, demand));

describe('Of streams', () => {
  it.each([
    ['streams.read', 'thing-1', KNOWN],
    ['streams.write', 'thing-1', KNOWN],
    ['streams.delete', 'thing-1', KNOWN],
    ['streams.read', '$$thing-1', KNOWN],
    ['streams.write', '$$thing-1', KNOWN],
    ['streams.delete', '$$thing-1', []],
    ['streams.read', 'closed', ADMINS],
    ['streams.read', 'anns', ['ann', 'bob', ...ADMINS]],
    ['streams.write', 'anns', ['ann', ...ADMINS]],
    ['streams.delete', 'anns', ['ann', ...ADMINS]],
    ['streams.read', '$$anns', ['ann', ...ADMINS]],
    ['streams.write', '$$anns', ['ann', ...ADMINS]],
    ['streams.read', '$ce-thing', ADMINS],
    ['streams.read', '$public', KNOWN],
    ['streams.write', '$public', ADMINS],
    ['streams.read', '$$$public', ADMINS],
    ['streams.write', '$settings', ADMINS],
    ['streams.read', '$all', ADMINS],
    ['streams.write', '$all', []],
    ['streams.delete', '$all', []],
    ['streams.read', '', ADMINS],
    ['streams.write', '', []],
    ['streams.read', undefined, []],
    ['groups.read', 'thing-1', KNOWN],
    ['groups.read', 'closed', ADMINS],
    ['groups.read', '$all', ADMINS],
  ] as const)('%s of "%s" is for %j', (operation, stream, who) => {
    expect(allowed(strict, { operation, stream })).toEqual(who);
  });

  it('those that are for all are for anonymous callers, too, when the server is told so', () => {
    expect(allowed(open, { operation: 'streams.read', stream: 'thing-1' })).toEqual(EVERYBODY);
    expect(allowed(open, { operation: 'streams.read', stream: 'anns' })).toEqual(['ann', 'bob', ...ADMINS]);
    expect(allowed(open, { operation: 'groups.read', stream: 'thing-1' })).toEqual(KNOWN);
  });
});

const NO_MESSAGE = Buffer.alloc(0);
const methods: Readonly<Record<string, readonly string[]>> = {
  'server_features.ServerFeatures/GetSupportedMethods': EVERYBODY,
  'gossip.Gossip/Read': EVERYBODY,
  'monitoring.Monitoring/Stats': EVERYBODY,
  'streams.Streams/BatchAppend': EVERYBODY,
  'streams.Streams/Read': [],
  'streams.Streams/Append': [],
  'streams.Streams/Delete': [],
  'streams.Streams/Tombstone': [],
  'persistent_subscriptions.PersistentSubscriptions/Create': OPERATORS,
  'persistent_subscriptions.PersistentSubscriptions/Update': OPERATORS,
  'persistent_subscriptions.PersistentSubscriptions/Delete': OPERATORS,
  'persistent_subscriptions.PersistentSubscriptions/Read': [],
  'persistent_subscriptions.PersistentSubscriptions/GetInfo': KNOWN,
  'persistent_subscriptions.PersistentSubscriptions/List': KNOWN,
  'persistent_subscriptions.PersistentSubscriptions/ReplayParked': OPERATORS,
  'persistent_subscriptions.PersistentSubscriptions/RestartSubsystem': OPERATORS,
  'projections.Projections/Enable': KNOWN,
  'projections.Projections/Disable': KNOWN,
  'projections.Projections/Statistics': KNOWN,
  'projections.Projections/Create': KNOWN,
  'projections.Projections/Delete': OPERATORS,
  'projections.Projections/RestartSubsystem': OPERATORS,
  'users.Users/Create': ADMINS,
  'users.Users/Update': ADMINS,
  'users.Users/Delete': ADMINS,
  'users.Users/Enable': ADMINS,
  'users.Users/Disable': ADMINS,
  'users.Users/ResetPassword': ADMINS,
  'users.Users/ChangePassword': KNOWN,
  'users.Users/Details': KNOWN,
  'operations.Operations/Shutdown': OPERATORS,
  'operations.Operations/MergeIndexes': OPERATORS,
  'operations.Operations/ResignNode': OPERATORS,
  'operations.Operations/SetNodePriority': OPERATORS,
  'operations.Operations/StartScavenge': OPERATORS,
  'operations.Operations/StopScavenge': OPERATORS,
  'operations.Operations/RestartPersistentSubscriptions': OPERATORS,
};

describe('Of methods', () => {
  it.each(Object.entries(methods))('%s is, when it says no more, for %j', (method, who) => {
    expect(allowed(strict, demandOf(`/event_store.client.${method}`, NO_MESSAGE))).toEqual(who);
  });

  it('one of which nobody said who may call it is for nobody', () => {
    expect(() => demandOf('/event_store.client.streams.Streams/Scan', NO_MESSAGE)).toThrow('who may call');
  });
});

describe('Of pages', () => {
  it.each([
    ['info', strict, EVERYBODY],
    ['stats', strict, KNOWN],
    ['stats', open, EVERYBODY],
    ['faults', open, ADMINS],
    ['gossip', strict, EVERYBODY],
    ['gossip', shut, KNOWN],
  ] as const)('%s is for those that the options say', (operation, policy, who) => {
    expect(allowed(policy, { operation })).toEqual(who);
  });
});
