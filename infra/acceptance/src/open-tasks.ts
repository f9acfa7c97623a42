import type { ServiceDatabase } from './consumers.ts';
import type { Platform } from './platform.ts';

/** What a service still has to do for one order. */
export interface OpenTask {
  readonly orderId: string;
  readonly step: string;
  readonly attempts: number;
  readonly lastError: string | null;
}

/** A payment is asked for until there is an answer; a shipment's task may lie days ahead, and is open when it is due or was begun. */
export const open: readonly { readonly database: ServiceDatabase; readonly from: string }[] = [
  { database: 'payment_service', from: "payment_attempt WHERE state <> 'done'" },
  { database: 'shipping_service', from: "shipment_task WHERE state <> 'done' AND (next_attempt_at <= now() OR attempts > 0)" },
];
const TOLD = 3;

export async function openTasks(platform: Platform): Promise<OpenTask[]> {
  const columns = 'order_id AS "orderId", step, attempts, last_error AS "lastError"';
  const found = await Promise.all(
    open.map(({ database, from }) =>
      platform.query<OpenTask>(database, `SELECT ${columns} FROM ${from} ORDER BY created_at, order_id, step`),
    ),
  );
  return found.flat();
}

/** In words, the oldest few of them by name. */
export function openTaskLines(tasks: readonly OpenTask[]): string[] {
  if (tasks.length === 0) return [];
  const told = tasks
    .slice(0, TOLD)
    .map(
      ({ orderId, step, attempts, lastError }) =>
        `${step} of order-${orderId} (${attempts} attempts${lastError === null ? '' : `, ${lastError}`})`,
    );
  const more = tasks.length > TOLD ? ` and ${tasks.length - TOLD} more` : '';
  return [`${tasks.length} steps are open: ${told.join(', ')}${more}`];
}
