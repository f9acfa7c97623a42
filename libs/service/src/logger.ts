import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';
import type { ServiceConfig } from './config.ts';
import { currentRequestContext } from './request-context.ts';

export type { Logger } from 'pino';

/** JSON lines on stdout: time, level, service, message, and the correlation id of the request in hand. */
export function createLogger(name: string, config: Pick<ServiceConfig, 'LOG_LEVEL'>): Logger {
  return pino({
    level: config.LOG_LEVEL,
    base: { service: name },
    messageKey: 'message',
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (level) => ({ level }) },
    mixin: () => {
      const context = currentRequestContext();
      return context === undefined ? {} : { correlationId: context.correlationId };
    },
  });
}

/** What Nest logs while it assembles an application only helps to debug that. */
const FRAMEWORK = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'NestMicroservice', 'RouterExplorer', 'RoutesResolver']);

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/**
 * Nest's `new Logger('context')` writes through this. After the message may come an object with fields,
 * an Error, and the context.
 */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown, ...params: unknown[]): void {
    this.#write(FRAMEWORK.has(String(params.at(-1))) ? 'debug' : 'info', message, params);
  }
  verbose(message: unknown, ...params: unknown[]): void {
    this.#write('trace', message, params);
  }
  debug(message: unknown, ...params: unknown[]): void {
    this.#write('debug', message, params);
  }
  warn(message: unknown, ...params: unknown[]): void {
    this.#write('warn', message, params);
  }
  error(message: unknown, ...params: unknown[]): void {
    this.#write('error', message, params);
  }
  fatal(message: unknown, ...params: unknown[]): void {
    this.#write('fatal', message, params);
  }

  #write(level: Level, message: unknown, params: readonly unknown[]): void {
    if (!this.#logger.isLevelEnabled(level)) return;
    const fields: Record<string, unknown> = {};
    const context = params.at(-1);
    if (typeof context === 'string') fields['context'] = context;
    for (const part of [message, ...params]) {
      if (part instanceof Error) fields['error'] = part;
      else if (typeof part === 'object' && part !== null) Object.assign(fields, part);
      else if (typeof part === 'string' && part !== message && part !== context) fields['stack'] = part;
    }
    this.#logger[level](fields, message instanceof Error ? message.message : typeof message === 'string' ? message : '');
  }
}
