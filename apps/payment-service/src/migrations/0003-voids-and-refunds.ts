import type { Migration } from '@orderstream/postgres';

/** Payments end in more ways than one, and a request for one has its time. */
export const voidsAndRefunds: Migration = {
  name: 'VoidsAndRefunds0000000000003',
  sql: `
    ALTER TABLE payment_attempt ADD COLUMN deadline_at timestamptz;

    ALTER TABLE payment ADD COLUMN void_id text, ADD COLUMN refund_id text;

    ALTER TABLE revenue_by_day
      ADD COLUMN refunded bigint NOT NULL DEFAULT 0,
      ADD COLUMN captures bigint NOT NULL DEFAULT 0,
      ADD COLUMN refunds bigint NOT NULL DEFAULT 0;

    -- Nothing in this table says how many captures an amount has come from: the topic does, so it is read again.
    -- What was parked of it is read again with the rest, and parked again if nobody has mended what was the matter.
    -- A process of the version before that still runs then would count none; deploying ends it first.
    DELETE FROM revenue_by_day;
    DELETE FROM parked_event WHERE group_name = 'revenue-by-day';
    UPDATE projection_position SET next_offset = 0, last_offset = NULL, last_event_id = NULL
    WHERE group_name = 'revenue-by-day';
  `,
};
