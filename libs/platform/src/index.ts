export * from './config.ts';
export * from './platform.module.ts';
