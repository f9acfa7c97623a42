import { appendTooLarge, eventTooLarge } from '../errors.ts';
import { type ProposedEvent, eventSizeBytes } from '../log/record.ts';

export interface SizeLimits {
  readonly maxAppendSizeBytes: number;
  readonly maxAppendEventSizeBytes: number;
}

/** The size of one append, as its events come in. */
export class AppendSize {
  readonly #limits: SizeLimits;
  #bytes = 0;

  constructor(limits: SizeLimits) {
    this.#limits = limits;
  }

  /** @throws TooLarge when this event, or all so far, are more than one append may have. */
  add(event: ProposedEvent): void {
    const { maxAppendSizeBytes, maxAppendEventSizeBytes } = this.#limits;
    const bytes = eventSizeBytes(event);
    if (bytes > maxAppendEventSizeBytes) throw eventTooLarge(event.id, bytes, maxAppendEventSizeBytes);
    this.#bytes += bytes;
    if (this.#bytes > maxAppendSizeBytes) throw appendTooLarge(maxAppendSizeBytes);
  }
}
