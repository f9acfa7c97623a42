import { consumerGroups } from './consumers.ts';
import type { Platform } from './platform.ts';

/** A record that a consumer has set aside. */
export interface ParkedRecord {
  readonly group: string;
  /** `topic/partition@offset`. */
  readonly place: string;
  readonly stream: string;
}

/** What the consumers of all services have set aside. */
export async function parkedRecords(platform: Platform): Promise<ParkedRecord[]> {
  const found = await Promise.all(
    [...new Set(consumerGroups.map((each) => each.database))].map((database) =>
      platform.query<ParkedRecord>(
        database,
        `SELECT group_name AS "group", topic || '/' || partition || '@' || record_offset AS place, stream FROM parked_event`,
      ),
    ),
  );
  return found.flat();
}
