import { connect, type Socket } from 'node:net';
import kafkajs, { type Kafka } from 'kafkajs';

const brokers = process.env['TEST_KAFKA_BROKERS']!.split(',');

/** A request of Kafka's protocol begins with its length, then the number of its kind. */
const LENGTH_BYTES = 4;
const FETCH = 1;
const END_TXN = 26;
const away = new Error('the link is cut');

/** A way to Kafka that can be cut: for whoever uses it, Kafka is away then. */
export class KafkaLink {
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  /** How many answers to commits have been lost; more are while `losing` is set. */
  lost = 0;
  losing = false;
  /** How often something was fetched. */
  fetches = 0;

  client(): Kafka {
    return new kafkajs.Kafka({
      clientId: 'behind-a-link',
      brokers,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 50, retries: 3 },
      socketFactory: ({ host, port, onConnect }) => {
        const socket = connect(port, host, onConnect);
        this.#sockets.add(socket);
        if (this.#isCut) socket.destroy(away);
        this.#watch(socket);
        return socket;
      },
    });
  }
  cut(): void {
    this.#isCut = true;
    // With an error, as a reset by the broker has one: kafkajs does not hear of a socket that just closes.
    for (const socket of this.#sockets) socket.destroy(away);
    this.#sockets.clear();
  }
  restore(): void {
    this.#isCut = false;
  }

  /** Counts fetches and loses answers: the broker gets the commit and carries it out; the connection breaks when it answers. */
  #watch(socket: Socket): void {
    let doomed = false;
    const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
    socket.write = (...args: readonly unknown[]): boolean => {
      const kind = Buffer.isBuffer(args[0]) ? args[0].readInt16BE(LENGTH_BYTES) : -1;
      if (kind === FETCH) this.fetches += 1;
      if (this.losing && kind === END_TXN) doomed = true;
      return write(...args);
    };
    const emit = socket.emit.bind(socket) as (...args: readonly unknown[]) => boolean;
    socket.emit = (...args: readonly unknown[]): boolean => {
      if (!doomed || args[0] !== 'data') return emit(...args);
      this.lost += 1;
      socket.destroy(away);
      return true;
    };
  }
}
