import { parseArgs } from 'node:util';
import { runCommand, WrongArguments } from '@orderstream/local-stack/command';
import { Client, type QueryResult, types } from 'pg';
import { toolLogins, toolSettings } from '../settings.ts';
import { placeOf, seen } from '../unseen.ts';

/** The services' own databases, each by the word before `-service`. */
const variables = new Map(
  toolLogins
    .filter((variable) => variable.endsWith('_DATABASE_URL'))
    .map((variable) => [variable.replace('_DATABASE_URL', '').toLowerCase(), variable]),
);

const HELP = `npm run sql -- <${[...variables.keys()].join('|')}> ["STATEMENT"]

Runs a statement in a service's database of the running stack, in the service's own role, and prints the rows.
Without a statement it lists the tables.
`;

const TABLES = `SELECT table_name, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || quote_ident(table_name), false, true, '')))[1]::text::bigint AS rows
FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`;

/** Dates and times without a zone, and arrays of them: a Date would be read in this machine's zone and shown in UTC. */
const WITHOUT_ZONE: ReadonlySet<number> = new Set([1082, 1114, 1182, 1115]);
const asWritten = (text: string): string => text;
const getTypeParser: typeof types.getTypeParser = (...[id, format]: Parameters<typeof types.getTypeParser>) =>
  WITHOUT_ZONE.has(id) ? asWritten : types.getTypeParser(id, format);

async function main(args: readonly string[]): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
  const [service = 'none', statement = TABLES] = positionals;
  const variable = variables.get(service);
  if (variable === undefined) throw new WrongArguments(`${service} is no service with a database.`);
  if (positionals.length > 2) throw new WrongArguments('It takes one statement: put it in quotes.');
  const connectionString = toolSettings(variable)[variable];
  const client = new Client({ connectionString, types: { getTypeParser } });
  client.on('error', () => {}); // a connection that is lost fails the statement that waits for it
  await seen(`the database at ${placeOf(connectionString)}`, () => client.connect());
  const results = (await client.query(statement)) as QueryResult | QueryResult[];
  for (const { rows, command, rowCount } of [results].flat()) {
    if (rows.length > 0) console.table(rows);
    else console.log(`${command} ${rowCount ?? 0}`);
  }
  return 0;
}

await runCommand(HELP, main);
