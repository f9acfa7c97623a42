export { PersonalDataUnavailable } from './faults.ts';
export * from './migrations/index.ts';
export * from './personal-data.ts';
