import { beginningOf } from '../bounded.ts';
import { BEHIND_A_PARKED_EVENT, type Failure, LONGEST_CAUSE, type ParkedRecord, type Parking, type Partition } from '../parking.ts';

/** The parking table, which outlives the processes of a test. */
export class ParkingInMemory implements Parking {
  readonly #parked = new Map<string, Map<bigint, ParkedRecord>>();

  async firstParked(at: Partition, streams: readonly string[]): Promise<Map<string, bigint>> {
    const first = new Map<string, bigint>();
    for (const { record } of this.#at(at).values()) {
      if (streams.includes(record.stream) && record.offset <= (first.get(record.stream) ?? record.offset))
        first.set(record.stream, record.offset);
    }
    return first;
  }

  async failures(at: Partition, from: number, to: number): Promise<Failure[]> {
    return [...this.#at(at).values()]
      .filter(({ record: { offset }, cause }) => offset >= from && offset <= to && cause !== BEHIND_A_PARKED_EVENT)
      .map(({ record: { stream, offset }, cause }) => ({ stream, place: Number(offset), cause }));
  }

  async park(at: Partition, records: readonly ParkedRecord[]): Promise<ParkedRecord[]> {
    const parked = this.#at(at);
    const added = records.filter(({ record }) => !parked.has(record.offset));
    for (const { record, cause } of added) parked.set(record.offset, { record, cause: beginningOf(cause, LONGEST_CAUSE) });
    return added;
  }

  /** Whether anything is parked there, or at one offset. */
  has(at: Partition, offset?: bigint): boolean {
    return offset === undefined ? this.#at(at).size > 0 : this.#at(at).has(offset);
  }

  /** In the order of their offsets, for a test of one partition. */
  get story(): string[] {
    return [...this.#parked.values()]
      .flatMap((parked) => [...parked.values()])
      .sort((one, other) => Number(one.record.offset - other.record.offset))
      .map(({ record: { stream, offset }, cause }) => `${stream}/${offset}: ${cause}`);
  }

  #at({ group, topic, partition }: Partition): Map<bigint, ParkedRecord> {
    const place = `${group} ${topic} ${partition}`;
    const parked = this.#parked.get(place) ?? new Map<bigint, ParkedRecord>();
    this.#parked.set(place, parked);
    return parked;
  }
}
