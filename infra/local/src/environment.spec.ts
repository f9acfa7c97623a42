import { loginVariables, serviceNames, services } from '@orderstream/services';
import { describe, expect, it } from 'vitest';
import { serviceEnvironment, stackEnvironment } from './environment.ts';
import { portsFromBase } from './layout.ts';

const ports = portsFromBase(4100);

describe('The environment of a service', () => {
  const all = stackEnvironment(ports, 'secret');
  const passwordOf = (variable: string): string => new URL(all[variable]!).password;

  it.each(serviceNames)('holds, for %s, the passwords of its own logins and no others', (name) => {
    const own = new Set<string>(Object.values(services[name].variables));
    const given = Object.values(serviceEnvironment(name, ports, 'secret', '/data')).join(' ');
    for (const variable of ['ADMIN_DATABASE_URL', ...loginVariables]) {
      expect([variable, given.includes(passwordOf(variable))]).toEqual([variable, own.has(variable)]);
    }
  });

  it('lets order-service write the keys of personal data, and nobody else', () => {
    const writing = serviceNames.filter((name) => Object.values<string>(services[name].variables).includes('PERSONAL_DATA_WRITER_URL'));
    expect(writing).toEqual(['order-service']);
  });

  it('says where each is to listen, on the loopback interface', () => {
    for (const name of serviceNames) {
      expect(serviceEnvironment(name, ports, 'secret', '/data')).toMatchObject({ HOST: '127.0.0.1', PORT: String(ports[name]) });
    }
  });

  it('differs in its passwords from stack to stack', () => {
    expect(stackEnvironment(ports, 'one')['ORDER_DATABASE_URL']).not.toBe(stackEnvironment(ports, 'two')['ORDER_DATABASE_URL']);
  });
});
