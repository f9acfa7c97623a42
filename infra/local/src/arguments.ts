// What `npm run stack -- …` understands.
import { parseArgs } from 'node:util';
import { serviceNames } from '@orderstream/services';
import { WrongArguments } from './command.ts';
import { type BrokerCount, brokerCounts, isProcess, type ProcessName, serverNames, serversWith } from './layout.ts';

export const usage = `npm run stack -- COMMAND

  up [OPTIONS]                    start the servers, deploy, start the services; what runs already is left alone
      --fresh                     discard the data of earlier runs first
      --servers-only              ${serversWith(1).join(', ')} and nothing on them
      --brokers N                 ${brokerCounts.join(' or ')} brokers of Kafka; the data keeps their number until it is discarded
      --automatic-carrier         shipments leave and arrive by themselves, until the stack is started without it
  down                            stop everything, also what an interrupted run left
  restart NAME                    end one server or service, and start it again
  status                          what runs, and where
  logs NAME [--follow]            the end of a process's log; beside the names below there is deploy

Names: ${[...serverNames, ...serviceNames].join(', ')}

Variables: ORDERSTREAM_DATA (data folder, default .orderstream), ORDERSTREAM_PORT_BASE (default 4100),
and one for each port, such as KAFKA_PORT or ORDER_SERVICE_PORT.`;

export interface UpOptions {
  readonly fresh: boolean;
  readonly serversOnly: boolean;
  readonly automaticCarrier: boolean;
  /** undefined: as many as the data has. */
  readonly brokers: BrokerCount | undefined;
}

export type StackCommand =
  | ({ readonly verb: 'up' } & UpOptions)
  | { readonly verb: 'down' }
  | { readonly verb: 'restart'; readonly name: ProcessName }
  | { readonly verb: 'status' }
  | { readonly verb: 'logs'; readonly name: ProcessName | 'deploy'; readonly follow: boolean };

const options = {
  fresh: { type: 'boolean' },
  'servers-only': { type: 'boolean' },
  'automatic-carrier': { type: 'boolean' },
  brokers: { type: 'string' },
  follow: { type: 'boolean', short: 'f' },
} as const;

type Option = keyof typeof options;

const allowed: Readonly<Record<string, { readonly options: readonly Option[]; readonly names: number }>> = {
  up: { options: ['fresh', 'servers-only', 'automatic-carrier', 'brokers'], names: 0 },
  down: { options: [], names: 0 },
  restart: { options: [], names: 1 },
  status: { options: [], names: 0 },
  logs: { options: ['follow'], names: 1 },
};

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new WrongArguments((error as Error).message);
  }
}

function brokerCountOf(text: string | undefined): BrokerCount | undefined {
  if (text === undefined) return undefined;
  const count = brokerCounts.find((known) => String(known) === text);
  if (count === undefined) throw new WrongArguments(`--brokers ${text}: there are ${brokerCounts.join(' or ')}.`);
  return count;
}

/** Throws WrongArguments that says what is wrong. */
export function parseCommand(args: readonly string[]): StackCommand {
  const { values, positionals } = parse(args);
  const [verb, ...names] = positionals;
  if (verb === undefined) throw new WrongArguments('It takes a command.');
  const rule = Object.hasOwn(allowed, verb) ? allowed[verb] : undefined;
  if (rule === undefined) throw new WrongArguments(`There is no command ${verb}.`);
  const excess = (Object.keys(values) as Option[]).find((option) => !rule.options.includes(option));
  if (excess !== undefined) throw new WrongArguments(`${verb} has no option --${excess}.`);
  if (names.length !== rule.names) throw new WrongArguments(rule.names === 0 ? `${verb} takes no name.` : `${verb} takes one name.`);
  const [name = ''] = names;
  switch (verb) {
    case 'up':
      return {
        verb,
        fresh: values.fresh === true,
        serversOnly: values['servers-only'] === true,
        automaticCarrier: values['automatic-carrier'] === true,
        brokers: brokerCountOf(values.brokers),
      };
    case 'logs':
      if (name !== 'deploy' && !isProcess(name)) throw new WrongArguments(`There is no process ${name}.`);
      return { verb, name, follow: values.follow === true };
    case 'restart':
      if (!isProcess(name)) throw new WrongArguments(`There is no process ${name}.`);
      return { verb, name };
    case 'down':
      return { verb };
    default:
      return { verb: 'status' };
  }
}
