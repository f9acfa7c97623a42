import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registryUrlOfTests } from './topic-of-a-test.ts';

/** An answer as a status and a body, or whatever else a server may do to a request. */
export type Answer =
  | { readonly status: number; readonly body: string | Buffer; readonly type?: string }
  | ((response: ServerResponse) => void);

/** Stands between codec and registry: counts what is asked, and can be away or be somebody else. */
export class RegistryInBetween {
  readonly asked: string[] = [];
  answer: ((url: string) => Answer) | null = null;
  /** Requests with other credentials get 401; null: none are needed. */
  authorization: string | null = null;
  readonly #server: Server = createServer((request, response) => {
    this.asked.push(`${request.method} ${request.url}`);
    void this.#respond(request, response);
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async open(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (this.authorization !== null && request.headers.authorization !== this.authorization) return void response.writeHead(401).end();
    const answer = this.answer === null ? await asRegistry(request.method!, request.url!, sent) : this.answer(request.url!);
    if (typeof answer === 'function') answer(response);
    else response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body);
  }
}

/** The registry's answers about an id or a schema never change: tests that ask over and over need not wait for it. */
const said = new Map<string, Answer>();

async function asRegistry(method: string, url: string, sent: Buffer): Promise<Answer> {
  const question = `${method} ${url} ${sent.toString()}`;
  const known = said.get(question);
  if (known !== undefined) return known;
  const upstream = await fetch(registryUrlOfTests() + url, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(sent.length === 0 ? {} : { body: sent }),
  });
  const answer = { status: upstream.status, body: await upstream.text() };
  if (upstream.status === 200) said.set(question, answer);
  return answer;
}
