import type { ServiceSettings } from '@orderstream/local-stack/stack-options';

/**
 * Services of a demo or a test wait less long before they give up: short enough to be waited for, long enough
 * for everybody who acts at once, also on a busy machine.
 */
const GIVEN_UP_AFTER_MS = '30000';

export const SHORT_DEADLINES: ServiceSettings = {
  'payment-service': { PAYMENT_DEADLINE_MS: GIVEN_UP_AFTER_MS },
  'shipping-service': { DISPATCH_DEADLINE_MS: GIVEN_UP_AFTER_MS },
};
