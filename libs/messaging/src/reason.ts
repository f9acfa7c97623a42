import { faultsBehind, messageOf } from './delivery-policy.ts';

/**
 * Why something failed, in one line. Node's fetch says only "fetch failed", and a connection that was tried at
 * several addresses says nothing at all: the reason is further in.
 */
export function reasonOf(fault: unknown): string {
  let reason = '';
  for (const each of faultsBehind(fault)) {
    if (each instanceof Error && !reason.includes(each.message)) reason += reason === '' ? each.message : `: ${each.message}`;
  }
  return (reason === '' ? messageOf(fault) : reason).replaceAll(/\s*\n\s*/g, ' ');
}
