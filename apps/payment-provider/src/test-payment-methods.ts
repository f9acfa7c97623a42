/** How the provider treats one test payment method, in authorisations and in whatever is done with them. */
export interface TestPaymentMethod {
  /** Why an authorisation is refused; null when it succeeds. */
  readonly authorisationRefusal: string | null;
  readonly captureRefusal: string | null;
  /** The answer to each request waits this long, after the operation was booked. */
  readonly answersAfterMs: number;
  /** This many requests of each key are answered with 503, and nothing is booked. */
  readonly unavailableTimes: number;
  /** The request that books an operation gets no answer: the connection ends. */
  readonly losesFirstReply: boolean;
}

const ordinary: TestPaymentMethod = {
  authorisationRefusal: null,
  captureRefusal: null,
  answersAfterMs: 0,
  unavailableTimes: 0,
  losesFirstReply: false,
};

/** Every payment method there is: no card is real. */
const testPaymentMethods: Readonly<Record<string, TestPaymentMethod>> = {
  pm_card_ok: ordinary,
  pm_card_declined: { ...ordinary, authorisationRefusal: 'insufficient-funds' },
  pm_card_slow: { ...ordinary, answersAfterMs: 2_000 },
  pm_card_unstable: { ...ordinary, unavailableTimes: 2 },
  pm_card_lost_reply: { ...ordinary, losesFirstReply: true },
  pm_card_capture_refused: { ...ordinary, captureRefusal: 'capture-refused' },
  pm_card_silent: { ...ordinary, unavailableTimes: Number.POSITIVE_INFINITY },
};

export const methodTable = [
  '| payment method | what happens |',
  '|---|---|',
  '| `pm_card_ok` | authorised, captured, voided and refunded |',
  '| `pm_card_declined` | authorisation refused: insufficient-funds |',
  '| `pm_card_slow` | like ok, but each answer takes 2 seconds |',
  '| `pm_card_unstable` | like ok, but the first two requests of each key are answered with 503 |',
  '| `pm_card_lost_reply` | like ok, but the request that books an operation loses its connection before the answer |',
  '| `pm_card_capture_refused` | authorised, but the capture is refused: capture-refused |',
  '| `pm_card_silent` | every authorisation is answered with 503, for ever; look-ups and voids work |',
  '| any other | authorisation refused: unknown-payment-method |',
].join('\n');

/** Null stands for a request about nothing in the book: there is no card to misbehave. */
export function treatmentOf(paymentMethod: string | null): TestPaymentMethod {
  if (paymentMethod === null) return ordinary;
  if (Object.hasOwn(testPaymentMethods, paymentMethod)) return testPaymentMethods[paymentMethod]!;
  return { ...ordinary, authorisationRefusal: 'unknown-payment-method' };
}
