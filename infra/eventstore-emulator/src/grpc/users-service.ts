import { type Server, type ServerWritableStream, status } from '@grpc/grpc-js';
import { RpcFault, accessDenied, trailerText, unexpectedRequest } from '../errors.ts';
import { ChangePasswordReq, CreateUserReq, DetailsResp, ResetPasswordReq, UserReq } from '../protocol/admin-messages.ts';
import { wireLong } from '../protocol/wire.ts';
import type { StoredUser } from '../security/user-record.ts';
import type { UserOutcome, Users } from '../security/users.ts';
import { type OpenCalls, Outlet, decode, finish, method } from './calls.ts';
import { EMPTY, type Unary, unary } from './unary.ts';

const SERVICE = '/event_store.client.users.Users';
const TICKS_PER_MS = 10_000n;

export const usersService = {
  create: method(`${SERVICE}/Create`),
  update: method(`${SERVICE}/Update`),
  delete: method(`${SERVICE}/Delete`),
  disable: method(`${SERVICE}/Disable`),
  enable: method(`${SERVICE}/Enable`),
  details: method(`${SERVICE}/Details`, { responseStream: true }),
  changePassword: method(`${SERVICE}/ChangePassword`),
  resetPassword: method(`${SERVICE}/ResetPassword`),
};

export function addUsers(grpc: Server, users: Users, calls: OpenCalls): void {
  grpc.addService(usersService, {
    create: change(CreateUserReq, (login, { fullName = '', groups, password = '' }) => users.create(login, fullName, groups, password)),
    update: change(CreateUserReq, (login, { fullName = '', groups }) => users.update(login, fullName, groups)),
    delete: change(UserReq, (login) => users.delete(login)),
    disable: change(UserReq, (login) => users.disable(login)),
    enable: change(UserReq, (login) => users.enable(login)),
    resetPassword: change(ResetPasswordReq, (login, { newPassword = '' }) => users.resetPassword(login, newPassword)),
    changePassword: change(ChangePasswordReq, (login, { currentPassword = '', newPassword = '' }) =>
      users.changePassword(login, currentPassword, newPassword),
    ),
    details: (call: ServerWritableStream<Buffer, Buffer>) => {
      const signal = calls.open(call);
      void finish(call, signal, sendDetails(users, call.request, new Outlet(call, signal)));
    },
  });
}

function change<Options extends { readonly loginName?: string }>(
  request: { decode(bytes: Uint8Array): { readonly options?: Options } },
  make: (login: string, options: Options) => Promise<UserOutcome>,
): Unary {
  return unary(async (bytes) => {
    const { options } = decode(request, bytes);
    if (options === undefined) throw unexpectedRequest();
    const { loginName = '' } = options;
    return answerTo(await make(loginName, options), loginName);
  });
}

function answerTo(outcome: UserOutcome, login: string): Buffer {
  switch (outcome) {
    case 'done':
      return EMPTY;
    case 'denied':
      throw accessDenied();
    case 'not-found':
      throw userNotFound(login);
    default:
      throw new RpcFault(status.FAILED_PRECONDITION, 'Conflict.', { exception: 'user-conflict', 'login-name': trailerText(login) });
  }
}

function userNotFound(login: string): RpcFault {
  return new RpcFault(status.NOT_FOUND, `User '${login}' is not found.`, { exception: 'user-not-found', 'login-name': trailerText(login) });
}

/** One user, or all of them when nobody is named. */
async function sendDetails(users: Users, request: Buffer, outlet: Outlet): Promise<void> {
  const login = decode(UserReq, request).options?.loginName ?? '';
  const found = login.trim() === '' ? users.all() : [users.find(login)];
  for (const user of found) {
    if (user === undefined) throw userNotFound(login);
    await outlet.send(DetailsResp.encode({ userDetails: detailsOf(user) }));
  }
}

function detailsOf({ loginName, fullName, groups, disabled, updatedMs }: StoredUser) {
  return { loginName, fullName, groups, disabled, lastUpdated: { ticksSinceEpoch: wireLong(updatedMs * TICKS_PER_MS) } };
}
