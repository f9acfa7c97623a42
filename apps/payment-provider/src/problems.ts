import { problemTypes } from '@orderstream/service';

/** What the provider answers beside what every service may. */
export const problems = problemTypes({
  'currency-mismatch': { status: 422, title: 'The currency is not the one of the price' },
});
