import type { ServiceSettings } from '@orderstream/local-stack/stack-options';

/**
 * Services of a demo or a test give up sooner: soon enough to wait for it, late enough for everybody who acts at
 * once, even on a busy machine.
 */
const GIVEN_UP_AFTER_MS = '30000';

export const SHORT_DEADLINES: ServiceSettings = {
  'payment-service': { PAYMENT_DEADLINE_MS: GIVEN_UP_AFTER_MS },
  'shipping-service': { DISPATCH_DEADLINE_MS: GIVEN_UP_AFTER_MS },
};
