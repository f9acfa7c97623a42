import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { PersonalData } from '@orderstream/personal-data';
import { Database } from '@orderstream/postgres';
import type { ShipmentView } from './shipment.api.ts';
import { Shipment } from './shipment.entity.ts';

/** One order's shipment, with its recipient in the clear; null when there is none. */
export class FindShipment extends Query<ShipmentView | null> {
  constructor(readonly orderId: string) {
    super();
  }
}

@QueryHandler(FindShipment)
export class FindShipmentHandler implements IQueryHandler<FindShipment> {
  constructor(
    private readonly database: Database,
    private readonly personalData: PersonalData,
  ) {}

  async execute({ orderId }: FindShipment): Promise<ShipmentView | null> {
    const row = await this.database.read((entities) => entities.findOneBy(Shipment, { orderId }));
    if (row === null) return null;
    const recipient = (await this.personalData.open(row.recipient)) as Record<string, string> | null;
    const { revision, status, customerId, lines, carrier, trackingNumber, scheduledAt, dispatchedAt, deliveredAt } = row;
    return {
      orderId,
      revision,
      status,
      customerId,
      lines,
      recipient,
      recipientErased: recipient === null,
      carrier,
      trackingNumber,
      scheduledAt: scheduledAt.toISOString(),
      dispatchedAt: dispatchedAt?.toISOString() ?? null,
      deliveredAt: deliveredAt?.toISOString() ?? null,
    };
  }
}
