export interface Money {
  /** Minor units. */
  readonly amount: number;
  /** ISO 4217. */
  readonly currency: string;
}

/** One thing that the provider did, or refused for good. */
export interface Operation {
  /** Place in the book, from 1. */
  readonly sequence: number;
  readonly id: string;
  readonly idempotencyKey: string;
  readonly kind: 'authorisation' | 'capture' | 'void' | 'refund';
  /** The merchant's name for what is paid. */
  readonly reference: string;
  /** What was asked for; of a void, what it released. */
  readonly amount: Money;
  /** Null for a void of what was never authorised. */
  readonly paymentMethod: string | null;
  /** The authorisation that this operation is about; its own id for an authorisation, null for a void without one. */
  readonly authorisationId: string | null;
  readonly outcome: 'succeeded' | 'refused';
  /** Why it was refused; null when it succeeded. */
  readonly reason: string | null;
  /** ISO-8601 UTC. */
  readonly recordedAt: string;
}

export interface AuthorisationRequest {
  readonly kind: 'authorisation';
  readonly reference: string;
  readonly amount: Money;
  readonly paymentMethod: string;
}

export interface CaptureRequest {
  readonly kind: 'capture';
  readonly authorisationId: string;
  readonly amount: Money;
}

/** Asks that nothing is held under a key, whether its authorisation has come, comes later, or never does. */
export interface VoidRequest {
  readonly kind: 'void';
  readonly reference: string;
  /** The idempotency key of the authorisation. */
  readonly authorisationKey: string;
  readonly amount: Money;
}

export interface RefundRequest {
  readonly kind: 'refund';
  readonly captureId: string;
  readonly amount: Money;
}

export type OperationRequest = AuthorisationRequest | CaptureRequest | VoidRequest | RefundRequest;

/** The same text for the same request, whatever the order of its members was. */
export function canonicalRequest(request: OperationRequest): string {
  const { amount, currency } = request.amount;
  return JSON.stringify([request.kind, amount, currency, ...subjectOf(request)]);
}

function subjectOf(request: OperationRequest): readonly string[] {
  switch (request.kind) {
    case 'authorisation':
      return [request.reference, request.paymentMethod];
    case 'capture':
      return [request.authorisationId];
    case 'void':
      return [request.reference, request.authorisationKey];
    case 'refund':
      return [request.captureId];
    default:
      return unreachable(request);
  }
}

/** For a switch over all kinds: the compiler sees that there are no others. @throws when there is one after all. */
export function unreachable(value: never): never {
  throw new TypeError(`there is no such kind: ${JSON.stringify(value)}`);
}
