import type { Line } from '@orderstream/contracts';
import { column, projectionOf, StreamRows } from '@orderstream/postgres';
import type { ReservationState } from './domain/reservation.decider.ts';

type ReservationStatus = Exclude<ReservationState['status'], 'none'>;

/** One row per order, as its reservation stands. Every event says all of it. */
export const reservation = new StreamRows({
  table: 'reservation',
  category: 'reservation',
  key: { order_id: column('uuid') },
  columns: {
    status: column<ReservationStatus>('text'),
    /** Empty for a reservation that was rejected. */
    lines: column<readonly Line[]>('jsonb'),
    /** The products that were short, when it was rejected. */
    short_skus: column<readonly string[]>('text[]'),
    updated_at: column('timestamptz'),
  },
  change: {
    ReservationConfirmed: ({ lines, confirmedAt }) => ({ status: 'confirmed', lines, short_skus: [], updated_at: confirmedAt }),
    ReservationRejected: ({ shortSkus, rejectedAt }) => ({ status: 'rejected', lines: [], short_skus: shortSkus, updated_at: rejectedAt }),
    ReservationReleased: ({ lines, releasedAt }) => ({ status: 'released', lines, short_skus: [], updated_at: releasedAt }),
    ReservationFulfilled: ({ lines, fulfilledAt }) => ({ status: 'fulfilled', lines, short_skus: [], updated_at: fulfilledAt }),
    ReservationReturned: ({ lines, returnedAt }) => ({ status: 'returned', lines, short_skus: [], updated_at: returnedAt }),
  },
});

export const reservationProjection = projectionOf('reservation', reservation);
