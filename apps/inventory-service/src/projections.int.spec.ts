import { testProjectionsOnPostgres } from '@orderstream/postgres/testing';
import { migrations } from './migrations/index.ts';
import { cases } from './testing/projection-cases.ts';

testProjectionsOnPostgres(cases, migrations);
