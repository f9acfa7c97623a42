import { describe, expect, it } from 'vitest';
import { portsFromBase, portsFromEnvironment, portVariable } from './layout.ts';

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

  it('are refused by the name of the variable when they are none', () => {
    expect(() => portsFromEnvironment({ SCHEMA_REGISTRY_PORT: 'eighty' })).toThrow('SCHEMA_REGISTRY_PORT=eighty is not a port');
    expect(() => portsFromEnvironment({ ORDERSTREAM_PORT_BASE: '70000' })).toThrow('ORDERSTREAM_PORT_BASE=70000');
  });

  it('are moved by a variable that reads like the process', () => {
    expect(portVariable('schema-registry')).toBe('SCHEMA_REGISTRY_PORT');
  });
});
