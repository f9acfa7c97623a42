// Free and taken ports on the loopback interface.
import { createServer } from 'node:net';
import { PORT_SPAN, portsFromBase, portVariable, type PortName, type Ports } from './layout.ts';

const HOST = '127.0.0.1';
// Below the range from which systems hand out ports by themselves.
const LOWEST_BASE = 12_000;
const HIGHEST_BASE = 30_000;
const ATTEMPTS = 50;

export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: HOST, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Throws PortTaken that names every taken port with the variable that moves it. */
export async function assertPortsFree(names: readonly PortName[], ports: Ports): Promise<void> {
  const free = await Promise.all(names.map((name) => isPortFree(ports[name])));
  const taken = names.filter((_, index) => free[index] === false);
  if (taken.length === 0) return;
  const lines = taken.map((name) => `Port ${ports[name]} for ${name} is taken: set ${portVariable(name)} to another.`);
  throw new PortTaken([...lines, 'ORDERSTREAM_PORT_BASE moves all ports at once (the default is 4100).'].join('\n'));
}

/** The base of a free range for a whole stack, chosen at random so that stacks that start together differ. */
export async function freePortBase(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const slots = Math.floor((HIGHEST_BASE - LOWEST_BASE) / PORT_SPAN);
    const base = LOWEST_BASE + Math.floor(Math.random() * slots) * PORT_SPAN;
    const free = await Promise.all(Object.values(portsFromBase(base)).map(isPortFree));
    if (!free.includes(false)) return base;
  }
  throw new Error(`No ${PORT_SPAN} free ports in a row between ${LOWEST_BASE} and ${HIGHEST_BASE}`);
}
