import { describe, expect, it } from 'vitest';
import type { Outcome } from '../shop/outcomes.ts';
import { planOf } from '../shop/plan.ts';
import { ORDER, type Told, story } from '../testing/events.ts';
import { printReport } from './report.ts';

const paid = ['OrderPlaced', 'OrderAccepted', 'PaymentAuthorised', 'OrderPaid', 'ShipmentScheduled'] as const;
const recalled: readonly Told[] = [
  ...paid,
  'ShipmentDispatched',
  'OrderShipped',
  'StockIssued',
  'OrderCancellationRequested',
  'ShipmentRecalled',
  'ShipmentReturned',
  'StockReturned',
  'PaymentRefunded',
  ['OrderCancelled', { reason: 'RETURNED', stage: 'shipped' }],
];

function reportOn(kind: Outcome, told: readonly Told[]): string {
  const placed = planOf(['recalled and returned'], 1).orders.map((planned) => ({ planned, orderId: ORDER, visibleAfterMs: 12 }));
  const lines: string[] = [];
  printReport(story(...told), placed, { story: kind, say: (line = '') => lines.push(line) });
  return lines.join('\n');
}

describe('The report', () => {
  it('counts how orders ended, and how long rows took', () => {
    expect(reportOn('delivered', recalled)).toMatch(/^ {7}1 {2}recalled and returned$/m);
    expect(reportOn('delivered', recalled)).toContain('p50 12 ms, p99 12 ms');
  });

  it('tells the story of an order of the kind that is asked for, over every stream, and of no other', () => {
    const report = reportOn('recalled and returned', recalled);
    expect(report).toContain(`One order's story, "recalled and returned": order-${ORDER}`);
    for (const type of ['OrderCancelled', 'PaymentRefunded', 'ShipmentRecalled', 'StockReturned']) expect(report).toContain(type);
    expect(reportOn('delivered', recalled)).not.toContain("One order's story");
  });
});
