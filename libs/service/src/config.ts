import { z } from 'zod';
import { connectionStringProblem } from './connection-string.ts';

/** The settings of every service; it spreads this into its own `z.object`. */
export const serviceConfig = {
  /** The address to listen on. There is no authentication yet, so the default is this machine only. */
  HOST: z.string().min(1).default('127.0.0.1'),
  /** 0 takes any free port. */
  PORT: z.coerce.number().int().min(0).max(65_535),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
};

export type ServiceConfig = z.infer<z.ZodObject<typeof serviceConfig>>;

/** A setting that is a URL of one of these schemes, such as `urlOf('postgres', 'postgresql')`. */
export function urlOf(...schemes: readonly string[]): z.ZodURL {
  return z.url({ protocol: new RegExp(`^(${schemes.join('|')})$`), error: `must be a ${schemes.join(' or ')} URL` });
}

/** EventStoreDB's connection string, which may name several nodes and so is not always a URL. */
export const eventStoreUrl = z.string().superRefine((text, context) => {
  const message = connectionStringProblem(text);
  if (message !== null) context.addIssue({ code: 'custom', message });
});

const LARGEST_PORT = 65_535;

/** A setting with one or more `host:port`, separated by commas. */
export const hostList = z
  .string()
  .regex(/^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/, 'must be host:port, more of them separated by commas')
  .transform((list) => list.split(','))
  .refine((hosts) => hosts.every((host) => isPort(host.slice(host.indexOf(':') + 1))), `must have ports from 1 to ${LARGEST_PORT}`);

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= LARGEST_PORT;
}

/** The environment does not say what the service needs. `problems` names each variable and what is wrong. */
export class InvalidConfig extends Error {
  override readonly name = 'InvalidConfig';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the environment is not complete: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/** The environment parsed once. @throws InvalidConfig naming every variable that is missing or wrong. */
export function parseConfig<Schema extends z.ZodObject>(schema: Schema, env: NodeJS.ProcessEnv): z.output<Schema> {
  // An empty variable counts as unset: compose files pass unset ones on as empty.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidConfig(
    parsed.error.issues.map((issue) => {
      const variable = issue.path.join('.');
      return given[variable] === undefined ? `${variable} is missing` : `${variable}: ${issue.message}`;
    }),
  );
}

const EX_CONFIG = 78;

/** Like parseConfig, for `main.ts`: ends the process with code 78 (EX_CONFIG), one line for each wrong variable. */
export function loadConfig<Schema extends z.ZodObject>(schema: Schema, env: NodeJS.ProcessEnv = process.env): z.output<Schema> {
  try {
    return parseConfig(schema, env);
  } catch (fault) {
    if (!(fault instanceof InvalidConfig)) throw fault;
    process.stderr.write(fault.problems.map((problem) => `configuration: ${problem}\n`).join(''));
    return process.exit(EX_CONFIG);
  }
}
