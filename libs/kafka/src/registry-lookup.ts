import { DependencyUnavailable } from '@orderstream/messaging';
import { type RegistryAddress, registryAddress } from './registry-address.ts';

const ANSWER_WITHIN_MS = 8_000;
const GREATEST_ID = 2 ** 31 - 1;
/** The registry's own codes for: no such subject, version, schema. The 404 of a proxy or a wrong path has none of them. */
const LACKING: ReadonlySet<unknown> = new Set([40401, 40402, 40403]);
const EXCERPT_CHARS = 200;

/**
 * Asks a Confluent-compatible registry for ids and schemas. An answer counts only when it has the
 * form of what was asked for: anything else, whatever its status, does not come from a registry that works.
 */
export class RegistryLookup {
  readonly #address: RegistryAddress;

  /** @param registryUrl with the base path of the API, and with credentials where the registry wants some. */
  constructor(registryUrl: string) {
    this.#address = registryAddress(registryUrl);
  }

  /** The id under which this subject has this schema; null when the registry says that it has not. @throws DependencyUnavailable */
  idOf(subject: string, schema: string): Promise<number | null> {
    return this.#ask(`/subjects/${encodeURIComponent(subject)}`, JSON.stringify({ schema }), ({ id }) => (isId(id) ? id : undefined));
  }

  /** Whether there is any version of the subject. @throws DependencyUnavailable */
  async has(subject: string): Promise<boolean> {
    const versions = await this.#ask(`/subjects/${encodeURIComponent(subject)}/versions`, null, (answer) =>
      Array.isArray(answer) ? answer : undefined,
    );
    return versions !== null && versions.length > 0;
  }

  /** The text of a schema; null when the registry says that it has none of this id. @throws DependencyUnavailable */
  schemaOf(id: number): Promise<string | null> {
    return this.#ask(`/schemas/ids/${id}`, null, ({ schema }) => (typeof schema === 'string' ? schema : undefined));
  }

  async #ask<Wanted>(
    path: string,
    posted: string | null,
    wantedOf: (answer: Readonly<Record<string, unknown>>) => Wanted | undefined,
  ): Promise<Wanted | null> {
    try {
      // The signal covers the body, too, which may break off or never end.
      const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
      const request = posted === null ? {} : { method: 'POST', body: posted };
      const { url, headers } = this.#address;
      const response = await fetch(url + path, { ...request, headers, signal });
      const text = await response.text();
      const answer = objectIn(text);
      if (response.status === 404 && LACKING.has(answer['error_code'])) return null;
      const wanted = response.status === 200 ? wantedOf(answer) : undefined;
      if (wanted !== undefined) return wanted;
      const isOther = response.status < 400 || response.status === 404;
      throw new Error(`${isOther ? `there is none at ${url}, which` : 'it'} answers ${response.status} ${text.slice(0, EXCERPT_CHARS)}`);
    } catch (fault) {
      throw new DependencyUnavailable('schema-registry', reasonOf(fault));
    }
  }
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= GREATEST_ID;
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** fetch only says that it failed; the reason is in the cause, which may hold several, one per address. */
function reasonOf(fault: unknown): unknown {
  if (!(fault instanceof Error)) return fault;
  if (fault.name === 'TimeoutError') return new Error(`nothing complete within ${ANSWER_WITHIN_MS} ms`, { cause: fault });
  if (!(fault.cause instanceof Error)) return fault;
  return fault.cause instanceof AggregateError ? (fault.cause.errors[0] ?? fault) : fault.cause;
}
