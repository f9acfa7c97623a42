import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultProxy, readdressed } from './fault-proxy.ts';

/** Says again whatever it is told. */
async function echo(): Promise<Server> {
  const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('A proxy that can be a fault', () => {
  let server: Server;
  let proxy: FaultProxy;
  beforeEach(async () => {
    server = await echo();
    proxy = await FaultProxy.start((server.address() as AddressInfo).port);
  });
  afterEach(async () => {
    await proxy.end();
    server.close();
  });
  const client = async (): Promise<Socket> => {
    const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const answerTo = async (socket: Socket, text: string): Promise<string> => {
    socket.write(text);
    return String((await once(socket, 'data'))[0]);
  };

  it('passes on what both sides say', async () => {
    expect(await answerTo(await client(), 'hello')).toBe('hello');
  });

  it('cuts who is connected when it begins to answer by itself, and those it answered when it ends', async () => {
    const early = await client();
    await answerTo(early, 'hello');
    const cut = once(early, 'close');
    await proxy.meet({ kind: 'answered', by: (socket) => void socket.write('nobody here') });
    await cut;
    const answered = await client();
    expect(String((await once(answered, 'data'))[0])).toBe('nobody here');
    const over = once(answered, 'close');
    await proxy.meet(null);
    await over;
    expect(await answerTo(await client(), 'hello again')).toBe('hello again');
  });

  it('refuses connections, and listens on the same port again afterwards', async () => {
    const { port } = proxy;
    await proxy.meet({ kind: 'refused' });
    const [fault] = (await once(connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException];
    expect(fault.code).toBe('ECONNREFUSED');
    await proxy.meet(null);
    expect(proxy.port).toBe(port);
    expect(await answerTo(await client(), 'hello')).toBe('hello');
  });

  it('keeps what was said while it is silent, for afterwards', async () => {
    const socket = await client();
    await answerTo(socket, 'hello');
    await proxy.meet({ kind: 'silent' });
    socket.write('are you there?');
    const answer = once(socket, 'data');
    await proxy.meet(null);
    expect(String((await answer)[0])).toBe('are you there?');
  });
});

describe('Addresses of brokers', () => {
  const address = (port: number): Buffer =>
    Buffer.concat([Buffer.from([0, 9]), Buffer.from('127.0.0.1'), Buffer.from([0, 0, port >> 8, port & 0xff])]);
  const framed = (...parts: Buffer[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([0, 0, body.length >> 8, body.length & 0xff]), body]);
  };

  it.each([1, 7, 1_000])('become the proxy’s, in whatever pieces of %i bytes they come', async (size) => {
    const said = Buffer.concat([framed(Buffer.from('x'), address(9_092), address(9_093)), framed(address(9_092))]);
    const pieces = Array.from({ length: Math.ceil(said.length / size) }, (_, nth) =>
      Buffer.from(said.subarray(nth * size, (nth + 1) * size)),
    );
    const heard = await Array.fromAsync(
      readdressed(9_092)(5_000)(
        (async function* () {
          yield* pieces;
        })(),
      ),
    );
    expect(Buffer.concat(heard)).toEqual(Buffer.concat([framed(Buffer.from('x'), address(5_000), address(9_093)), framed(address(5_000))]));
  });
});
