/** An event like the platform's own: some 260 bytes of JSON, and metadata. */
export const benchEvent = () => ({
  type: 'OrderPlaced',
  data: { orderId: '0b0e9f3a-6f0c-4c39-9a53-5c0d2e8f4b11', total: { amount: 12_345, currency: 'EUR' }, note: 'x'.repeat(170) },
  metadata: { $correlationId: '4f1f1e7c-3a39-44a0-9d58-2b8f0f5c9d77' },
});
export type BenchEvent = ReturnType<typeof benchEvent>;

/** The stream that is read; all others are appended to. */
export const LONG_STREAM = 'bench-long';
