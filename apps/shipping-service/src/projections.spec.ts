import { testProjections } from '@orderstream/postgres/testing';
import { cases } from './testing/projection-cases.ts';

testProjections(cases);
