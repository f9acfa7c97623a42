import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';

/** What clients meet in place of their server. */
export type Fault =
  | { readonly kind: 'refused' }
  /** Connections stand, old ones too, and nothing comes through until it is over. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'late'; readonly byMs: number }
  /** Whoever connects gets this in the server's name; connections that stood are cut. */
  | { readonly kind: 'answered'; readonly by: (socket: Socket) => void };

/** Changes what comes from the server. */
export type Translation = (chunks: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;

const asItComes: Translation = (chunks) => chunks;

/** Stands between clients and one server on this machine, and passes everything on until it is told to be a fault. */
export class FaultProxy {
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;
  #translation: Translation = asItComes;
  #fault: Fault | null = null;
  #changed = Promise.withResolvers<void>();

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = this.#newServer();
  }

  /** @param translation of the server's answers, made from the proxy's own port. */
  static async start(targetPort: number, translation?: (port: number) => Translation): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    await proxy.#listen();
    if (translation !== undefined) proxy.#translation = translation(proxy.#port);
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** From now on clients meet this; null: their server again. */
  async meet(fault: Fault | null): Promise<void> {
    const before = this.#fault;
    this.#fault = fault;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    if (fault?.kind === 'refused') await this.#close();
    else if (before?.kind === 'refused') await this.#listen();
    if (fault?.kind === 'answered' || before?.kind === 'answered') this.#cut();
  }

  async end(): Promise<void> {
    this.#fault = null;
    this.#changed.resolve();
    await this.#close();
  }

  #newServer(): Server {
    return createServer((client) => {
      this.#keep(client);
      // Whatever ends a connection ends both of its halves: the test is what clients make of that.
      this.#serve(client).catch(() => client.destroy());
    });
  }

  async #listen(): Promise<void> {
    this.#server = this.#newServer();
    this.#server.listen(this.#port, HOST);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#cut();
    await closed;
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket.on('error', () => {}));
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(client: Socket): Promise<void> {
    if (this.#fault?.kind === 'answered') return this.#fault.by(client);
    await this.#mayPass();
    const server = connect(this.#targetPort, HOST);
    this.#keep(server);
    await once(server, 'connect');
    const ended = Promise.all([this.#carry(client, server), this.#carry(this.#translation(server), client)]);
    await ended.finally(() => [client, server].map((socket) => socket.destroy()));
  }

  async #carry(from: AsyncIterable<Buffer>, to: Socket): Promise<void> {
    for await (const chunk of from) {
      await this.#mayPass();
      if (!to.write(chunk)) await once(to, 'drain');
    }
    to.end();
  }

  async #mayPass(): Promise<void> {
    while (this.#fault?.kind === 'silent') await this.#changed.promise;
    if (this.#fault?.kind === 'late') await delay(this.#fault.byMs);
  }
}

const LENGTH_BYTES = 4;

/** Kafka's clients go where its answers say that the brokers are: now that is the proxy. */
export function readdressed(brokerPort: number): (port: number) => Translation {
  return (port) =>
    async function* (chunks) {
      const [theirs, ours] = [addressBytes(brokerPort), addressBytes(port)];
      let pending: Buffer = Buffer.alloc(0);
      for await (const chunk of chunks) {
        pending = Buffer.concat([pending, chunk]);
        for (let frame = firstFrame(pending); frame !== null; frame = firstFrame(pending)) {
          pending = pending.subarray(frame.length);
          for (let at = frame.indexOf(theirs); at !== -1; at = frame.indexOf(theirs, at)) ours.copy(frame, at);
          yield frame;
        }
      }
    };
}

function firstFrame(bytes: Buffer): Buffer | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const end = LENGTH_BYTES + bytes.readInt32BE(0);
  return bytes.length < end ? null : bytes.subarray(0, end);
}

/** A broker's address as it stands in metadata: the host with its length, and the port. */
function addressBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2 + HOST.length + 4);
  bytes.writeInt16BE(HOST.length);
  bytes.write(HOST, 2);
  bytes.writeInt32BE(port, 2 + HOST.length);
  return bytes;
}
