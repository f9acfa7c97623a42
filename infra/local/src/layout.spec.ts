import { describe, expect, it } from 'vitest';
import { dataDirFromEnvironment, portsFromBase, portsFromEnvironment, portVariable } from './layout.ts';
import { WrongSetting } from './wrong-setting.ts';

describe('The ports of a stack', () => {
  it('follow one base', () => {
    expect(portsFromEnvironment({})).toEqual(portsFromBase(4100));
    expect(portsFromEnvironment({ ORDERSTREAM_PORT_BASE: '5100' })).toMatchObject({ 'order-service': 5100, postgres: 5117 });
  });

  it('can each be moved alone', () => {
    const ports = portsFromEnvironment({ ORDERSTREAM_PORT_BASE: '5100', KAFKA_CONTROLLER_PORT: '9093' });
    expect(ports['kafka-controller']).toBe(9093);
    expect(ports.kafka).toBe(5114);
  });

  it('differ from each other', () => {
    const ports = Object.values(portsFromBase(4100));
    expect(new Set(ports).size).toBe(ports.length);
  });

  it.each([
    [{ SCHEMA_REGISTRY_PORT: 'eighty' }, 'SCHEMA_REGISTRY_PORT=eighty must be a port from 1 to 65535'],
    [{ KAFKA_PORT: '1e3' }, 'KAFKA_PORT=1e3'],
    [{ KAFKA_PORT: '0' }, 'KAFKA_PORT=0'],
    [{ ORDERSTREAM_PORT_BASE: '70000' }, 'ORDERSTREAM_PORT_BASE=70000 must be a port from 1 to 65514'],
    [{ ORDERSTREAM_PORT_BASE: '65530' }, 'ORDERSTREAM_PORT_BASE=65530'],
    [{ ORDERSTREAM_PORT_BASE: '5100', KAFKA_PORT: '5100' }, 'Port 5100 is for order-service and kafka: set KAFKA_PORT'],
  ])('%j are refused by the name of the variable', (env, wrong) => {
    expect(() => portsFromEnvironment(env)).toThrow(WrongSetting);
    expect(() => portsFromEnvironment(env)).toThrow(wrong);
  });

  it('may begin as high as the last of them is one', () => {
    expect(Math.max(...Object.values(portsFromEnvironment({ ORDERSTREAM_PORT_BASE: '65514' })))).toBe(65_535);
  });

  it('are moved by a variable that reads like the process', () => {
    expect(portVariable('schema-registry')).toBe('SCHEMA_REGISTRY_PORT');
  });
});

it('The data folder is .orderstream unless another is named; one without a name is none', () => {
  const usual = dataDirFromEnvironment({});
  expect(usual).toMatch(/\.orderstream$/);
  expect(dataDirFromEnvironment({ ORDERSTREAM_DATA: '' })).toBe(usual);
  expect(dataDirFromEnvironment({ ORDERSTREAM_DATA: '/data' })).toBe('/data');
});
