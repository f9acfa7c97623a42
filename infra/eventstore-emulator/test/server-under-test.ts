import { readFileSync } from 'node:fs';
import type { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll } from 'vitest';
import { connect } from './client-under-test.ts';
import { EmulatorProcess, SECURE } from './emulator-process.ts';
import { RawClient, basic } from './wire.ts';

/**
 * The server that the conformance suite is about: the one of EVENTSTORE_URL (esdb://host:port?tls=false, with the
 * real server's default limits), or an emulator of the test's own. One server can serve one file at a time: run
 * vitest with --no-file-parallelism then. It is for all tests of a file, and left after them.
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
    afterAll(() => this.#leave());
  }

  /** `args` are for the emulator; a server that is there already must have been started with what they ask for. */
  static async start(args: readonly string[] = []): Promise<ServerUnderTest> {
    const given = process.env['EVENTSTORE_URL'];
    if (given !== undefined) return new ServerUnderTest(given, undefined);
    const emulator = await EmulatorProcess.start({ args });
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
  clientWith(credentials: string): EventStoreDBClient {
    return this.clientOf(this.url.replace(/^(\w+:\/\/)[^@]*@/, credentials === '' ? '$1' : `$1${credentials}@`));
  }

  /** Calls with those credentials, or without any, as no client makes them. */
  rawWith(credentials: string): RawClient {
    const ca = readFileSync(new URL(this.url).searchParams.get('tlsCAFile')!);
    const [login = '', password = ''] = credentials.split(':');
    const raw = new RawClient(this.port, this.host, credentials === '' ? { ca } : { ca, authorization: basic(login, password) });
    this.#raws.push(raw);
    return raw;
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

  async #leave(): Promise<void> {
    this.#raws.forEach((raw) => raw.close());
    await Promise.all(this.#clients.map((client) => client.dispose()));
    await this.#emulator?.remove();
  }
}
