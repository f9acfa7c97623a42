export * from './answer.ts';
export * from './service-under-test.ts';
