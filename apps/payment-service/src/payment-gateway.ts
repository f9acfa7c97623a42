import type { Money } from '@orderstream/contracts';

export const PAYMENT_GATEWAY = Symbol('PAYMENT_GATEWAY');

/** What the provider did, or refused for good. */
export interface ProviderOperation {
  /** The provider's id: of the authorisation, capture, void or refund. */
  readonly id: string;
  /** What was asked for; of a void, what was released. */
  readonly amount: Money;
  /** Why it was refused; null when it succeeded. */
  readonly refusal: string | null;
  /** When the provider recorded it, ISO-8601 UTC with milliseconds. */
  readonly recordedAt: string;
}

/**
 * The port to the payment provider. However often the same key and request are sent, they get the same answer, and
 * what they ask for is done once.
 *
 * @throws DependencyUnavailable when there was no answer: whether anything happened is not known.
 * @throws MisunderstoodRequest when the provider can't make sense of the request: nothing happened.
 */
export interface PaymentGateway {
  /** What became of the request under this key; null when the provider knows of none. */
  find(key: string, signal: AbortSignal): Promise<ProviderOperation | null>;
  authorise(
    key: string,
    request: { readonly orderId: string; readonly amount: Money; readonly paymentMethod: string },
    signal: AbortSignal,
  ): Promise<ProviderOperation>;
  capture(
    key: string,
    request: { readonly authorisationId: string; readonly amount: Money },
    signal: AbortSignal,
  ): Promise<ProviderOperation>;
  /**
   * What was held under the authorisation's key is released, and nothing will ever be held under it, even if that
   * authorisation arrives later. Refused once money was taken.
   */
  void(
    key: string,
    request: { readonly orderId: string; readonly authorisationKey: string; readonly amount: Money },
    signal: AbortSignal,
  ): Promise<ProviderOperation>;
  /** What was captured, or a part of it, is paid back. */
  refund(key: string, request: { readonly captureId: string; readonly amount: Money }, signal: AbortSignal): Promise<ProviderOperation>;
}

/** The two sides disagree about the contract: repeating the request fails until one of them is fixed. */
export class MisunderstoodRequest extends Error {
  override readonly name = 'MisunderstoodRequest';
}
