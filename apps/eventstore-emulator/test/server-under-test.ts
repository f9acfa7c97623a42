import type { EventStoreDBClient } from '@eventstore/db-client';
import { connect } from './client-under-test.ts';
import { EmulatorProcess } from './emulator-process.ts';
import { RawClient } from './wire.ts';

/**
 * The server that the conformance suite is about: the one of EVENTSTORE_URL (esdb://host:port?tls=false, with the
 * real server's default limits), or an emulator of the test's own. One server can serve one file at a time: run
 * vitest with --no-file-parallelism then.
 */
export class ServerUnderTest {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly #emulator: EmulatorProcess | undefined;
  readonly #clients: EventStoreDBClient[] = [];
  readonly #raws: RawClient[] = [];

  private constructor(url: string, emulator: EmulatorProcess | undefined) {
    const { hostname, port } = new URL(url);
    this.url = url;
    this.host = hostname;
    this.port = Number(port === '' ? 2113 : port);
    this.#emulator = emulator;
  }

  /** `args` are for the emulator; a server that is there already must have been started with what they ask for. */
  static async start(args: readonly string[] = []): Promise<ServerUnderTest> {
    const given = process.env['EVENTSTORE_URL'];
    if (given !== undefined) return new ServerUnderTest(given, undefined);
    const emulator = await EmulatorProcess.start({ args });
    return new ServerUnderTest(emulator.url, emulator);
  }

  client(options = ''): EventStoreDBClient {
    return this.clientOf(`${this.url}${options}`);
  }

  /** A client that finds the server in another way. */
  clientOf(url: string): EventStoreDBClient {
    const client = connect(url);
    this.#clients.push(client);
    return client;
  }

  /** Calls as no client makes them, on a connection of their own. */
  raw(): RawClient {
    const raw = new RawClient(this.port, this.host);
    this.#raws.push(raw);
    return raw;
  }

  async leave(): Promise<void> {
    this.#raws.forEach((raw) => raw.close());
    await Promise.all(this.#clients.map((client) => client.dispose()));
    await this.#emulator?.remove();
  }
}
