import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { Database } from '@orderstream/postgres';
import type { PaymentView } from './payment.api.ts';
import { Payment } from './payment.entity.ts';

/** The payment of an order; null when there is none. */
export class FindPayment extends Query<PaymentView | null> {
  constructor(readonly orderId: string) {
    super();
  }
}

@QueryHandler(FindPayment)
export class FindPaymentHandler implements IQueryHandler<FindPayment> {
  constructor(private readonly database: Database) {}

  async execute({ orderId }: FindPayment): Promise<PaymentView | null> {
    const row = await this.database.read((entities) => entities.findOneBy(Payment, { orderId }));
    if (row === null) return null;
    const { revision, status, customerId, amount, currency, authorisationId, captureId, reason } = row;
    const requestedAt = row.requestedAt.toISOString();
    const updatedAt = row.updatedAt.toISOString();
    return {
      orderId, revision, status, customerId, amount: { amount, currency },
      authorisationId, captureId, reason, requestedAt, updatedAt,
    };
  }
}
