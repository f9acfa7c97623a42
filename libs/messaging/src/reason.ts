import { messageOf } from './delivery-policy.ts';

/**
 * Why something failed, in one line. Node's fetch says only "fetch failed", and a connection that was tried at
 * several addresses says nothing at all: why is further in.
 */
export function reasonOf(fault: unknown): string {
  const own = messageOf(fault);
  const inner = innerFaults(fault).map(reasonOf).filter((reason) => !own.includes(reason));
  return [own, ...inner].filter((reason) => reason !== '').join(': ').replaceAll(/\s*\n\s*/g, ' ');
}

function innerFaults(fault: unknown): readonly unknown[] {
  if (fault instanceof AggregateError) return fault.errors;
  return fault instanceof Error && fault.cause instanceof Error ? [fault.cause] : [];
}
