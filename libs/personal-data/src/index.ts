export { PersonalDataUnavailable } from './customer-keys.ts';
export * from './migrations.ts';
export * from './personal-data.ts';
