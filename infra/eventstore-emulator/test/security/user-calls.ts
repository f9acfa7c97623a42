import { type RawClient, wireMessage } from '../wire.ts';

const DetailsResp = wireMessage('users.DetailsResp');
const requests = {
  Create: wireMessage('users.CreateReq'),
  Update: wireMessage('users.CreateReq'),
  ChangePassword: wireMessage('users.ChangePasswordReq'),
  ResetPassword: wireMessage('users.ResetPasswordReq'),
  Delete: wireMessage('users.UserReq'),
  Enable: wireMessage('users.UserReq'),
  Disable: wireMessage('users.UserReq'),
} as const;

const SERVICE = '/event_store.client.users.Users';

export interface UserDetails {
  readonly loginName: string;
  readonly fullName?: string;
  readonly groups: readonly string[];
  readonly lastUpdated: { readonly ticksSinceEpoch: bigint };
  readonly disabled?: boolean;
}

/** No client for Node has these calls. */
export class UserCalls {
  readonly #raw: RawClient;

  constructor(raw: RawClient) {
    this.#raw = raw;
  }

  async change(method: keyof typeof requests, loginName: string, options: object = {}): Promise<void> {
    await this.#raw.unary(`${SERVICE}/${method}`, requests[method].encode({ options: { loginName, ...options } }));
  }

  create(login: string, password: string, groups: readonly string[] = []): Promise<void> {
    return this.change('Create', login, { password, fullName: login.toUpperCase(), groups });
  }

  /** Of one user, or of all. */
  async details(loginName = ''): Promise<UserDetails[]> {
    const answers = this.#raw.serverStream(`${SERVICE}/Details`, requests.Delete.encode({ options: { loginName } }));
    const messages = await Array.fromAsync(answers as AsyncIterable<Buffer>);
    return messages.map((bytes) => DetailsResp.decode(bytes)['userDetails'] as UserDetails);
  }
}
