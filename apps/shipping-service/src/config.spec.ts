import { InvalidConfig, parseConfig } from '@orderstream/service';
import { expect, it } from 'vitest';
import { shippingServiceConfig } from './config.ts';

const environment = {
  PORT: '0',
  EVENTSTORE_URL: 'esdb://127.0.0.1:2113',
  KAFKA_BROKERS: '127.0.0.1:9092',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:8081',
  DATABASE_URL: 'postgres://shipping@127.0.0.1/shipping',
  PERSONAL_DATA_DATABASE_URL: 'postgres://shipping@127.0.0.1/keys',
};

it('goods have a week to leave, and leave when somebody says so', () => {
  const config = parseConfig(shippingServiceConfig, environment);
  expect(config).toMatchObject({ DISPATCH_DEADLINE_MS: 604_800_000 });
  expect(config.AUTOMATIC_CARRIER_MS).toBeUndefined();
});

it('another deadline and an automatic carrier are set in milliseconds', () => {
  const config = parseConfig(shippingServiceConfig, { ...environment, DISPATCH_DEADLINE_MS: '60000', AUTOMATIC_CARRIER_MS: '1500' });
  expect(config).toMatchObject({ DISPATCH_DEADLINE_MS: 60_000, AUTOMATIC_CARRIER_MS: 1_500 });
});

it.each(['0', '-1', '1.5', '1e3', 'soon', '99999999999999'])('a time of %s is refused, naming the setting', (value) => {
  for (const name of ['DISPATCH_DEADLINE_MS', 'AUTOMATIC_CARRIER_MS']) {
    const parse = (): unknown => parseConfig(shippingServiceConfig, { ...environment, [name]: value });
    expect(parse).toThrow(InvalidConfig);
    expect(parse).toThrow(name);
  }
});
