/** Where a registry's API is, and what every request to it carries. */
export interface RegistryAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * fetch takes no credentials in an address, so they become a header.
 *
 * @param registryUrl with the base path of the Confluent-compatible API, and with credentials where the registry wants some.
 */
export function registryAddress(registryUrl: string): RegistryAddress {
  const { origin, pathname, username, password } = new URL(registryUrl);
  const url = origin + pathname.replace(/\/+$/, '');
  const headers = { accept: 'application/vnd.schemaregistry.v1+json, application/json', 'content-type': 'application/json' };
  if (username === '') return { url, headers };
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return { url, headers: { ...headers, authorization: `Basic ${credentials}` } };
}
