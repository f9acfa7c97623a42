import { Message, type WireLong } from './wire.ts';

type Request<Options> = { readonly options?: Options };

/** Also Details, Delete, Enable and Disable. */
export const UserReq = new Message<Request<{ readonly loginName?: string }>, never>('event_store.client.users.UserReq');

/** Also Update, which has a password that nobody looks at. */
export const CreateUserReq = new Message<
  Request<{ readonly loginName?: string; readonly password?: string; readonly fullName?: string; readonly groups: readonly string[] }>,
  never
>('event_store.client.users.CreateReq');

export const ChangePasswordReq = new Message<
  Request<{ readonly loginName?: string; readonly currentPassword?: string; readonly newPassword?: string }>,
  never
>('event_store.client.users.ChangePasswordReq');

export const ResetPasswordReq = new Message<Request<{ readonly loginName?: string; readonly newPassword?: string }>, never>(
  'event_store.client.users.ResetPasswordReq',
);

export const DetailsResp = new Message<
  never,
  {
    readonly userDetails: {
      readonly loginName: string;
      readonly fullName: string;
      readonly groups: readonly string[];
      readonly lastUpdated: { readonly ticksSinceEpoch: WireLong };
      readonly disabled: boolean;
    };
  }
>('event_store.client.users.DetailsResp');

export const SetNodePriorityReq = new Message<{ readonly priority?: number }, never>('event_store.client.operations.SetNodePriorityReq');

/** Threads and chunks are the real server's. */
export const StartScavengeReq = new Message<Request<object>, never>('event_store.client.operations.StartScavengeReq');
export const StopScavengeReq = new Message<Request<{ readonly scavengeId?: string }>, never>(
  'event_store.client.operations.StopScavengeReq',
);
export const ScavengeResp = new Message<never, { readonly scavengeId: string; readonly scavengeResult: number }>(
  'event_store.client.operations.ScavengeResp',
);

export const StatsReq = new Message<{ readonly refreshTimePeriodInMs?: bigint }, never>('event_store.client.monitoring.StatsReq');
export const StatsResp = new Message<never, { readonly stats: Readonly<Record<string, string>> }>(
  'event_store.client.monitoring.StatsResp',
);
