export { PersonalDataUnavailable } from './faults.ts';
export * from './migrations.ts';
export * from './personal-data.ts';
