import { serviceNames } from '@orderstream/services';
import { describe, expect, it } from 'vitest';
import { serviceEnvironment, stackEnvironment } from './environment.ts';
import { portsFromBase } from './layout.ts';

const ports = portsFromBase(4100);

describe('The environment of a service', () => {
  it('holds the password of its own database and of no other', () => {
    const all = stackEnvironment(ports, 'secret');
    const payment = serviceEnvironment('payment-service', ports, 'secret', '/data');
    expect(payment['DATABASE_URL']).toBe(all['PAYMENT_DATABASE_URL']);
    const others = ['ADMIN', 'ORDER', 'INVENTORY', 'SHIPPING'].map((name) => new URL(all[`${name}_DATABASE_URL`]!).password);
    const values = Object.values(payment).join(' ');
    expect(others.filter((password) => values.includes(password))).toEqual([]);
  });

  it('lets order-service write the keys of personal data and shipping-service only read them', () => {
    const all = stackEnvironment(ports, 'secret');
    const keysOf = (name: 'order-service' | 'shipping-service' | 'inventory-service'): string | undefined =>
      serviceEnvironment(name, ports, 'secret', '/data')['PERSONAL_DATA_DATABASE_URL'];
    expect(keysOf('order-service')).toBe(all['PERSONAL_DATA_WRITER_URL']);
    expect(keysOf('shipping-service')).toBe(all['PERSONAL_DATA_READER_URL']);
    expect(keysOf('inventory-service')).toBeUndefined();
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
