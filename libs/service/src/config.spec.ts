import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { eventStoreUrl, hostList, parseConfig, serviceConfig, urlOf } from './config.ts';

const schema = z.object({
  ...serviceConfig,
  EVENTSTORE_URL: eventStoreUrl,
  KAFKA_BROKERS: hostList,
  DATABASE_URL: urlOf('postgres', 'postgresql'),
});

const complete = {
  PORT: '4100',
  EVENTSTORE_URL: 'esdb://127.0.0.1:4113?tls=false',
  KAFKA_BROKERS: '127.0.0.1:4114,other:9092',
  DATABASE_URL: 'postgres://order_service:secret@127.0.0.1:4117/order_service',
};

describe('the environment of a service', () => {
  it('is parsed once, with this machine only and info as defaults', () => {
    expect(parseConfig(schema, { ...complete, PATH: '/bin' })).toEqual({
      ...complete,
      HOST: '127.0.0.1',
      PORT: 4100,
      LOG_LEVEL: 'info',
      KAFKA_BROKERS: ['127.0.0.1:4114', 'other:9092'],
    });
  });

  it('names every variable that is missing, empty or wrong, and no value', () => {
    const environment = {
      ...complete,
      PORT: '70000',
      KAFKA_BROKERS: 'kafka',
      EVENTSTORE_URL: '',
      DATABASE_URL: 'mysql://user:secret@db/x',
      LOG_LEVEL: 'loud',
    };
    expect(() => parseConfig(schema, environment)).toThrow(
      expect.objectContaining({
        problems: [
          expect.stringMatching(/^PORT: /),
          expect.stringMatching(/^LOG_LEVEL: /),
          'EVENTSTORE_URL is missing',
          'KAFKA_BROKERS: must be host:port, more of them separated by commas',
          'DATABASE_URL: must be a postgres or postgresql URL',
        ],
        message: expect.not.stringContaining('secret') as string,
      }) as Error,
    );
  });

  it('ends the process with 78 and one line for each variable when it is not complete', () => {
    const program = `import { loadConfig, serviceConfig, hostList } from ${JSON.stringify(new URL('config.ts', import.meta.url).href)};
      import { z } from 'zod';
      loadConfig(z.object({ ...serviceConfig, KAFKA_BROKERS: hostList }));`;
    const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: import.meta.dirname,
      env: { KAFKA_BROKERS: 'x' },
      encoding: 'utf8',
    });
    expect(ended.stderr).toBe(
      'configuration: PORT is missing\nconfiguration: KAFKA_BROKERS: must be host:port, more of them separated by commas\n',
    );
    expect(ended.status).toBe(78);
  });
});
