import { problemTypes } from '@orderstream/service';

/** The provider's problems, beside those of every service. */
export const problems = problemTypes({
  'currency-mismatch': { status: 422, title: 'The currency is not the one of the price' },
});
