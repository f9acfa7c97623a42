import { BEHIND_A_PARKED_EVENT, type Failure, type ParkedRecord, type Parking, type Partition } from '../parking.ts';

/** The parking table of one partition, which outlives the processes of a test. */
export class ParkingInMemory implements Parking {
  readonly #parked = new Map<bigint, ParkedRecord>();

  async firstParked(_at: Partition, streams: readonly string[]): Promise<Map<string, bigint>> {
    const first = new Map<string, bigint>();
    for (const { record } of this.#parked.values()) {
      if (streams.includes(record.stream) && record.offset <= (first.get(record.stream) ?? record.offset))
        first.set(record.stream, record.offset);
    }
    return first;
  }

  async failures(_at: Partition, from: number, to: number): Promise<Failure[]> {
    return [...this.#parked.values()]
      .filter(({ record: { offset }, cause }) => offset >= from && offset <= to && cause !== BEHIND_A_PARKED_EVENT)
      .map(({ record: { stream, offset }, cause }) => ({ stream, place: Number(offset), cause }));
  }

  async park(_at: Partition, records: readonly ParkedRecord[]): Promise<ParkedRecord[]> {
    const added = records.filter(({ record }) => !this.#parked.has(record.offset));
    for (const each of added) this.#parked.set(each.record.offset, each);
    return added;
  }

  /** In the order of their offsets. */
  get story(): string[] {
    return [...this.#parked.values()]
      .sort((one, other) => Number(one.record.offset - other.record.offset))
      .map(({ record: { stream, offset }, cause }) => `${stream}/${offset}: ${cause}`);
  }
}
