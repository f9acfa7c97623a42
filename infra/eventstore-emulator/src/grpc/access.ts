import {
  type Metadata,
  ResponderBuilder,
  type ServerInterceptor,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import { RpcFault, accessDenied } from '../errors.ts';
import type { Authenticator } from '../security/authenticator.ts';
import type { Policy } from '../security/policy.ts';
import { type Principal, SYSTEM } from '../security/principal.ts';
import { faultOf } from './calls.ts';
import { demandOf } from './demands.ts';

const principals = new WeakMap<Metadata, Principal>();

/** Who makes a call; on a server without credentials, everybody is the system. */
export function principalOf({ metadata }: { readonly metadata: Metadata }): Principal {
  return principals.get(metadata) ?? SYSTEM;
}

/**
 * Stands before all handlers: a call whose credentials are wrong, or whose first message asks for what its caller
 * may not do, does not reach one. So no handler can forget to ask.
 */
export function accessInterceptor(authenticator: Authenticator, policy: Policy): ServerInterceptor {
  return ({ path }, call) => {
    let principal: Principal;
    let isDecided = false;
    const refuse = (cause: unknown): void => {
      const { code, details, metadata } = faultOf(cause);
      call.sendStatus({ code, details, metadata });
    };
    const admit = async (metadata: Metadata, pass: (metadata: Metadata) => void): Promise<void> => {
      try {
        principal = await authenticate(authenticator, metadata);
      } catch (cause) {
        refuse(cause);
        return;
      }
      pass(metadata);
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, pass) => void admit(metadata, pass))
      .withOnReceiveMessage((message: Buffer, pass) => {
        try {
          if (!isDecided && !policy.allows(principal, demandOf(path, message))) throw accessDenied();
          isDecided = true;
          pass(message);
        } catch (cause) {
          refuse(cause);
        }
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((start) => start(listener)).build());
  };
}

/** @throws RpcFault UNAUTHENTICATED. */
async function authenticate(authenticator: Authenticator, metadata: Metadata): Promise<Principal> {
  const principal = await authenticator.principalOf(metadata.get('authorization').map(String));
  if (principal === undefined) throw new RpcFault(status.UNAUTHENTICATED, 'Unauthenticated');
  principals.set(metadata, principal);
  return principal;
}
