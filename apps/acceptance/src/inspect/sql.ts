import { Client } from 'pg';
import { setting } from '../platform.ts';

const HELP = `npm run sql -- <order|inventory|payment|shipping> "<statement>"

Runs a statement in a service's database of the running stack, in the service's own role, and prints the rows.
Without a statement it lists the tables.
`;

const TABLES = `SELECT table_name, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || quote_ident(table_name), false, true, '')))[1]::text::bigint AS rows
FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;

const [service, statement = TABLES] = process.argv.slice(2);
const variable = `${service?.toUpperCase()}_DATABASE_URL`;
if (service === undefined || !['order', 'inventory', 'payment', 'shipping'].includes(service)) {
  console.log(HELP);
  process.exitCode = service === '--help' ? 0 : 64;
} else {
  const client = new Client({ connectionString: setting(process.env, variable) });
  await client.connect();
  try {
    const { rows, command, rowCount } = await client.query<Record<string, unknown>>(statement);
    if (rows.length > 0) console.table(rows);
    else console.log(`${command} ${rowCount ?? 0}`);
  } catch (fault) {
    console.error((fault as Error).message);
    process.exitCode = 1;
  } finally {
    await client.end();
  }
}
