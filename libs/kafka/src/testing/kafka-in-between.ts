import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Logger, silentLogger } from '@orderstream/messaging';
import kafkajs, { type Kafka } from 'kafkajs';
import { logTo } from '../client.ts';

/** What becomes of one kind of request: it is lost, or its connection breaks. */
interface RequestFault {
  /** As Kafka's protocol numbers its requests. */
  readonly apiKey: number;
  readonly kind: 'cut' | 'lost';
}

/**
 * Stands between a client and the broker of the tests, and can fall silent like a broker that hangs: it accepts,
 * and says nothing.
 */
export class KafkaInBetween {
  /** How many requests met the fault. */
  faults = 0;
  requestFault: RequestFault | null = null;
  readonly #sockets = new Set<Socket>();
  #isSilent = false;
  readonly #server: Server = createServer((socket) => {
    const [host, port] = process.env['TEST_KAFKA_BROKERS']!.split(':');
    const upstream = connect(Number(port), host);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(from);
      if (this.#isSilent) from.pause();
      from.on('data', (bytes) => {
        const fault = from === socket && isRequest(bytes, this.requestFault?.apiKey) ? this.requestFault : null;
        if (fault === null) to.write(bytes);
        else this.faults += 1;
        if (fault?.kind === 'cut') from.destroy();
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    if (this.#isSilent) for (const each of [socket, upstream]) each.pause();
  });

  #port = 0;

  /** At the same port when it was open before. */
  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  silence(): void {
    this.#isSilent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  speak(): void {
    this.#isSilent = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** A client of which every connection comes through here, whatever address the broker tells. */
  client(logger: Logger = silentLogger): Kafka {
    return new kafkajs.Kafka({
      brokers: ['broker:9092'],
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      retry: { initialRetryTime: 100, retries: 5 },
      logLevel: kafkajs.logLevel.INFO,
      logCreator: logTo(logger),
      socketFactory: ({ onConnect }) => connect(this.#port, '127.0.0.1', onConnect),
    });
  }
}

/** kafkajs writes each request by itself. */
function isRequest(bytes: Buffer, apiKey: number | undefined): boolean {
  const lengthBytes = 4;
  return bytes.length > lengthBytes + 2 && bytes.readInt16BE(lengthBytes) === apiKey;
}
