import { status } from '@grpc/grpc-js';
import { RpcFault, trailerText } from '../errors.ts';

/** Which group a fault is about. */
export interface GroupName {
  readonly stream: string;
  readonly group: string;
}

function groupFault(
  code: status,
  exception: string,
  details: string,
  { stream, group }: GroupName,
  trailers: Readonly<Record<string, string>> = {},
): RpcFault {
  return new RpcFault(code, details, { exception, 'stream-name': trailerText(stream), 'group-name': trailerText(group), ...trailers });
}

export function groupNotFound(name: GroupName): RpcFault {
  const details = `Subscription group ${name.group} on stream ${name.stream} does not exist.`;
  return groupFault(status.NOT_FOUND, 'persistent-subscription-does-not-exist', details, name);
}

export function groupExists(name: GroupName): RpcFault {
  const details = `Subscription group ${name.group} on stream ${name.stream} exists.`;
  return groupFault(status.ALREADY_EXISTS, 'persistent-subscription-exists', details, name);
}

export function groupDropped(name: GroupName): RpcFault {
  const details = `Subscription group ${name.group} on stream ${name.stream} was dropped.`;
  return groupFault(status.CANCELLED, 'persistent-subscription-dropped', details, name);
}

export function groupFailed(name: GroupName, reason: string): RpcFault {
  const details = `Subscription group ${name.group} on stream ${name.stream} failed: '${reason}'`;
  return groupFault(status.INTERNAL, 'persistent-subscription-failed', details, name, { reason: trailerText(reason) });
}

export function tooManySubscribers(name: GroupName): RpcFault {
  const details = `Maximum subscriptions reached for subscription group ${name.group} on stream ${name.stream}.`;
  return groupFault(status.FAILED_PRECONDITION, 'maximum-subscribers-reached', details, name);
}
