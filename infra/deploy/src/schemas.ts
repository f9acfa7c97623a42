import { contracts } from '@orderstream/contracts';
import { type RegistryAddress, registryAddress } from '@orderstream/kafka';
import { Refused } from './refused.ts';

export interface SchemaToRegister {
  /** Versions of one subject come in order, oldest first. */
  readonly subject: string;
  readonly version: number;
  readonly schema: string;
}

/** Old code reads what new code wrote and the other way round, for any two versions. */
const COMPATIBILITY = 'FULL_TRANSITIVE';
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Sets each subject's compatibility, then registers its versions from the oldest on, so that the registry itself
 * refuses a version that would break a reader. What exists stays as it is, and several deployments at once all
 * succeed.
 *
 * @param registryUrl with the base path of the Confluent-compatible API, and with credentials where the registry wants some.
 * @returns how many schemas were new.
 * @throws Refused naming the schema that is not compatible; other errors when the registry does not answer.
 */
export async function deploySchemas(registryUrl: string, schemas: readonly SchemaToRegister[] = contracts.versions): Promise<number> {
  const registry = registryAddress(registryUrl);
  let registered = 0;
  for (const [subject, versions] of Map.groupBy(schemas, (each) => each.subject)) {
    const path = encodeURIComponent(subject);
    await setCompatibility(registry, path);
    for (const { version, schema } of versions) {
      // Looked up first: when an old version is posted again, a registry checks it against the newer ones.
      if (await isKnown(registry, path, schema)) continue;
      const answer = await request(registry, 'POST', `/subjects/${path}/versions`, { schema });
      if (answer.status === 200) {
        registered += 1;
        continue;
      }
      // When two post the same at once, the later may get any answer.
      if (await isKnown(registry, path, schema)) continue;
      if (answer.status !== 409 && answer.status !== 422) throw unexpected(answer);
      throw new Refused(`version ${version} of ${subject} is not ${COMPATIBILITY} compatible with the versions before it: ${answer.body}`);
    }
  }
  return registered;
}

async function isKnown(registry: RegistryAddress, path: string, schema: string): Promise<boolean> {
  const answer = await request(registry, 'POST', `/subjects/${path}`, { schema });
  if (answer.status !== 200 && answer.status !== 404) throw unexpected(answer);
  return answer.status === 200;
}

async function setCompatibility(registry: RegistryAddress, path: string): Promise<void> {
  if (await isCompatible(registry, path)) return;
  // Both registries accept it before the first version.
  const answer = await request(registry, 'PUT', `/config/${path}`, { compatibility: COMPATIBILITY });
  if (answer.status !== 200 && !(await isCompatible(registry, path))) throw unexpected(answer);
}

async function isCompatible(registry: RegistryAddress, path: string): Promise<boolean> {
  const answer = await request(registry, 'GET', `/config/${path}`);
  // 404: nothing is set for this subject yet.
  if (answer.status !== 200 && answer.status !== 404) throw unexpected(answer);
  return answer.status === 200 && (JSON.parse(answer.body) as { compatibilityLevel?: string }).compatibilityLevel === COMPATIBILITY;
}

interface Answer {
  readonly request: string;
  readonly status: number;
  readonly body: string;
}

async function request({ url, headers }: RegistryAddress, method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { request: `${method} ${path}`, status: response.status, body: await response.text() };
}

function unexpected({ request, status, body }: Answer): Error {
  return new Error(`the schema registry answers ${request} with ${status}: ${body.slice(0, 500)}`);
}
