import { readFileSync } from 'node:fs';
import { EventStoreDBClient } from '@eventstore/db-client';
import { EmulatorProcess, SECURE } from './emulator-process.ts';
import { RawClient, basic } from './wire.ts';

/**
 * The server that the conformance suite is about: the one of EVENTSTORE_URL (esdb://host:port?tls=false, with the
 * real server's default limits), or an emulator of the test's own. One server, with a fresh
 * database, can serve one file at a time:
 * run vitest with --no-file-parallelism then.
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

  static async start(): Promise<ServerUnderTest> {
    const given = process.env['EVENTSTORE_URL'];
    if (given !== undefined) return new ServerUnderTest(given, undefined);
    const emulator = await EmulatorProcess.start();
    return new ServerUnderTest(emulator.url, emulator);
  }

  /**
   * A server with TLS and credentials: the one of EVENTSTORE_URL when its URL is one of an administrator
   * (esdb://admin:changeit@host:port?tls=true&tlsCAFile=...), or an emulator of the test's own.
   */
  static async startSecure(): Promise<ServerUnderTest> {
    const given = process.env['EVENTSTORE_URL'];
    if (given !== undefined && /\?(.*&)?tls=true\b/.test(given)) return new ServerUnderTest(given, undefined);
    const emulator = await EmulatorProcess.start(SECURE);
    return new ServerUnderTest(emulator.url, emulator);
  }

  /** A client with other credentials ("login:password"), or without any. */
  clientOf(credentials: string): EventStoreDBClient {
    const client = EventStoreDBClient.connectionString(this.url.replace(/^(\w+:\/\/)[^@]*@/, credentials === '' ? '$1' : `$1${credentials}@`));
    this.#clients.push(client);
    return client;
  }

  /** Calls with those credentials, or without any, as no client makes them. */
  rawOf(credentials: string): RawClient {
    const ca = readFileSync(new URL(this.url).searchParams.get('tlsCAFile')!);
    const [login = '', password = ''] = credentials.split(':');
    const raw = new RawClient(this.port, this.host, credentials === '' ? { ca } : { ca, authorization: basic(login, password) });
    this.#raws.push(raw);
    return raw;
  }

  client(options = ''): EventStoreDBClient {
    const client = EventStoreDBClient.connectionString(`${this.url}${options}`);
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
