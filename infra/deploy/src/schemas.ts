import { schemaVersions } from '@orderstream/contracts';
import { Refused } from './refused.ts';

export interface SchemaToRegister {
  /** Versions of one subject stand in their order, oldest first. */
  readonly subject: string;
  readonly version: number;
  readonly schema: string;
}

/** Old code reads what new code wrote and the other way round, whatever two versions they have. */
const COMPATIBILITY = 'FULL_TRANSITIVE';
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Sets each subject's compatibility, then registers its versions from the oldest on, so that the
 * registry itself refuses a version that would break a reader. What is there already stays as it is.
 *
 * @param registryUrl with the base path of the Confluent-compatible API.
 * @returns how many schemas were new.
 * @throws Refused naming the schema that is not compatible; other errors when the registry does not answer.
 */
export async function deploySchemas(registryUrl: string, schemas: readonly SchemaToRegister[] = schemaVersions): Promise<number> {
  const registry = registryUrl.replace(/\/+$/, '');
  let registered = 0;
  for (const [subject, versions] of Map.groupBy(schemas, (each) => each.subject)) {
    const path = encodeURIComponent(subject);
    await setCompatibility(registry, path);
    for (const { version, schema } of versions) {
      // Asked first: a registry checks an old version against the newer ones when it is posted again.
      const known = await request(registry, 'POST', `/subjects/${path}`, { schema });
      if (known.status === 200) continue;
      if (known.status !== 404) throw unexpected(known);
      const answer = await request(registry, 'POST', `/subjects/${path}/versions`, { schema });
      if (answer.status === 409 || answer.status === 422) {
        throw new Refused(`version ${version} of ${subject} is not ${COMPATIBILITY} compatible with the versions before it: ${answer.body}`);
      }
      if (answer.status !== 200) throw unexpected(answer);
      registered += 1;
    }
  }
  return registered;
}

async function setCompatibility(registry: string, path: string): Promise<void> {
  const current = await request(registry, 'GET', `/config/${path}`);
  if (current.status === 200 && (JSON.parse(current.body) as { compatibilityLevel?: string }).compatibilityLevel === COMPATIBILITY) return;
  // 404: nothing is set for this subject yet. Both registries accept it before the first version.
  if (current.status !== 200 && current.status !== 404) throw unexpected(current);
  const answer = await request(registry, 'PUT', `/config/${path}`, { compatibility: COMPATIBILITY });
  if (answer.status !== 200) throw unexpected(answer);
}

interface Answer {
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

async function request(registry: string, method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
  const response = await fetch(registry + path, {
    method,
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { request: `${method} ${path}`, status: response.status, body: await response.text() };
}

function unexpected({ request, status, body }: Answer): Error {
  return new Error(`the schema registry answers ${request} with ${status}: ${body.slice(0, 500)}`);
}
