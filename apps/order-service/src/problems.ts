import { problemTypes } from '@orderstream/service';

/** The problems of this service, beside those of every service. */
export const problems = problemTypes({
  'customer-erased': { status: 410, title: 'The customer’s data has been erased' },
  'unknown-sku': { status: 422, title: 'A product is not on sale', mayPass: true },
  'currency-mismatch': { status: 422, title: 'The currency is not the one of the price' },
  'total-too-large': { status: 422, title: 'The total is too large' },
});
