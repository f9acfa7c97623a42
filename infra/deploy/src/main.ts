import { createKafka } from '@orderstream/kafka';
import { reasonOf, silentLogger } from '@orderstream/messaging';
import { hostList, loadConfig, urlOf } from '@orderstream/service';
import { type LoginVariable, loginVariables } from '@orderstream/services';
import { z } from 'zod';
import { deployDatabases, plannedDatabases } from './databases.ts';
import { patiently } from './patience.ts';
import { deploySchemas } from './schemas.ts';
import { deployTopics, plannedTopics } from './topics.ts';

const HELP = `What a deployment runs once, before the services of a new build start: topics, schemas,
databases with their roles and migrations. It can be repeated; what exists stays as it is.

  KAFKA_BROKERS              host:port, several separated by commas
  KAFKA_REPLICATION_FACTOR   of new topics (default 1)
  SCHEMA_REGISTRY_URL        with the base path of the Confluent-compatible API
  ADMIN_DATABASE_URL         a role that may create databases and roles

and the URL of each login to a service's database, which names role, password and database:
${loginVariables.map((variable) => `  ${variable}`).join('\n')}
`;

const WAIT_MS = 120_000;
const say = (line: string): void => console.log(`deploy: ${line}`);

const databaseUrl = urlOf('postgres', 'postgresql');

async function main(): Promise<void> {
  const settings = loadConfig(
    z.object({
      KAFKA_BROKERS: hostList,
      KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).default(1),
      SCHEMA_REGISTRY_URL: urlOf('http', 'https'),
      ADMIN_DATABASE_URL: databaseUrl,
      ...(Object.fromEntries(loginVariables.map((variable) => [variable, databaseUrl])) as Record<LoginVariable, typeof databaseUrl>),
    }),
  );
  const step = { withinMs: WAIT_MS, say };

  // What kafkajs retries is not logged: what lasts is reported once, as what is waited for.
  const kafka = createKafka({ clientId: 'deploy', brokers: settings.KAFKA_BROKERS, logger: silentLogger });
  const created = await patiently(async () => {
    const admin = kafka.admin();
    try {
      await admin.connect();
      return await deployTopics(admin, plannedTopics, settings.KAFKA_REPLICATION_FACTOR);
    } finally {
      await admin.disconnect();
    }
  }, step);
  say(`topics: ${plannedTopics.length}, of them ${created.length} new`);

  const registered = await patiently(() => deploySchemas(settings.SCHEMA_REGISTRY_URL), step);
  say(`schemas: ${registered} new`);

  const migrated = await patiently(() => deployDatabases(settings.ADMIN_DATABASE_URL, plannedDatabases(settings)), step);
  say(`migrations: ${migrated.length} new`);
}

const WRONG_USE = 64;
const args = process.argv.slice(2);
// It does its work whether or not anybody reads its output.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
if (args.includes('--help') || args.includes('-h')) {
  console.log(HELP);
} else if (args.length > 0) {
  console.error(`It takes no arguments.\n\n${HELP}`);
  process.exitCode = WRONG_USE;
} else {
  try {
    await main();
  } catch (fault) {
    console.error(`deploy: ${reasonOf(fault)}`);
    process.exitCode = 1;
  }
}
