// Apicurio Registry with its Confluent-compatible API, on the stack's Postgres: ids of schemas must survive a restart.
import { passwordOf } from './environment.ts';
import { fetchedServer, javaProgram, JVM_LOCALE, QUICK_START } from './java.ts';
import { HOST, type Server } from './server.ts';

const PROBE_TIMEOUT_MS = 3_000;

export const schemaRegistry: Server = {
  name: 'schema-registry',
  ports: ['schema-registry'],
  prepare: async ({ ports, secret }) => {
    const folder = fetchedServer('schema-registry');
    return {
      command: javaProgram(),
      args: [...QUICK_START, '-Xms96m', '-Xmx256m', '-jar', 'apicurio-registry-app-3.0.9-runner.jar'],
      cwd: folder,
      env: {
        ...JVM_LOCALE,
        QUARKUS_HTTP_HOST: HOST,
        QUARKUS_HTTP_PORT: String(ports['schema-registry']),
        APICURIO_STORAGE_KIND: 'sql',
        APICURIO_STORAGE_SQL_KIND: 'postgresql',
        APICURIO_DATASOURCE_URL: `jdbc:postgresql://${HOST}:${ports.postgres}/registry`,
        APICURIO_DATASOURCE_USERNAME: 'registry',
        APICURIO_DATASOURCE_PASSWORD: passwordOf(secret, 'registry'),
        APICURIO_DATASOURCE_JDBC_MIN_SIZE: '1',
        APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '1',
        APICURIO_DATASOURCE_JDBC_MAX_SIZE: '5',
      },
    };
  },
  probe: async ({ ports }) => {
    const url = `http://${HOST}:${ports['schema-registry']}/apis/ccompat/v7/subjects`;
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  },
};
