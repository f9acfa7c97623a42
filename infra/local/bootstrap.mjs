// Every npm script starts here: does the set-up that the command needs and that isn't done yet, then runs it on the
// Node.js of the lock file. This part itself runs on Node 20 without dependencies.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { fetchServers, serversFetched } from './fetch.mjs';
import { build, install, isBuilt, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { explain, missing, refuseFolder } from './prerequisites.mjs';
import { identityOf, isRunning, npmAbove } from './process-identity.mjs';
import { abortSteps, StepFailed } from './run.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PARENT_CHECK_MS = 1_000;
// kafkajs 2.2 computes a negative delay, which Node.js warns about on every start.
const NODE_ARGUMENTS = [
  '--enable-source-maps',
  '--disable-warning=TimeoutNegativeWarning',
  `--import=${pathToFileURL(path.join(root, 'infra/local/unread.mjs'))}`,
];
/** What runs here is never behind a proxy. gRPC reads one spelling only, other clients the other. */
const throughNoProxy = Object.fromEntries(
  ['no_proxy', 'NO_PROXY'].map((name) => {
    const hosts = [process.env[name] ?? process.env[name.toLowerCase()], '127.0.0.1', 'localhost'];
    return [name, hosts.filter((host) => host !== undefined && host !== '').join(',')];
  }),
);

const emulator = '@orderstream/eventstore-emulator';
const nothing = { servers: false, build: false };
const builds = { servers: false, build: true };
const everything = { servers: true, build: true };
const serversOnly = { ...everything, project: emulator };

function testNeeds(parts) {
  if (parts.length === 0 || parts.includes('acceptance')) return everything;
  if (parts.includes('integration')) return parts.includes('lint') ? everything : serversOnly;
  // The linter takes a library's types from its build.
  return parts.includes('lint') ? builds : nothing;
}

function stackNeeds([verb, ...options]) {
  if (verb !== 'up') return nothing;
  return options.includes('--servers-only') ? serversOnly : everything;
}

const withStackEnv = 'infra/local/src/with-stack-env.ts';
const commands = {
  demo: { run: ['infra/acceptance/dist/demo/main.js'], needs: () => everything },
  test: { run: ['infra/checks/src/test.ts'], needs: testNeeds },
  stack: { run: ['infra/local/src/cli.ts'], needs: stackNeeds },
  dev: { run: ['infra/local/src/dev.ts'], needs: () => builds },
  eventstore: { run: ['infra/eventstore-emulator/dist/main.js'], needs: () => ({ ...builds, project: emulator }) },
  deploy: { run: [withStackEnv, 'infra/deploy/dist/main.js'], needs: () => builds },
  events: { run: ['infra/acceptance/dist/inspect/events.js'], needs: () => builds },
  topics: { run: ['infra/acceptance/dist/inspect/topics.js'], needs: () => builds },
  sql: { run: ['infra/acceptance/dist/inspect/sql.js'], needs: () => builds },
  simulate: { run: ['infra/simulation/dist/main.js'], needs: () => builds },
  ledger: { run: ['infra/acceptance/dist/ledger/main.js'], needs: () => builds },
  bench: { run: ['infra/bench/dist/main.js'], needs: ([name]) => (name === 'eventstore' ? builds : everything) },
  outages: { run: ['infra/acceptance/dist/outages/main.js'], needs: () => everything },
  'broker-kills': { run: ['infra/acceptance/dist/broker-kills/main.js'], needs: () => everything },
  upgrade: { run: ['infra/acceptance/dist/upgrade/main.js'], needs: () => everything },
  torture: { run: ['infra/eventstore-emulator/test/torture/main.ts'], needs: () => nothing },
  mutants: { run: ['infra/eventstore-emulator/test/mutants/main.ts'], needs: () => nothing },
};

const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
class WrongUse extends StepFailed {
  exitCode = 64;
}
let interruptedBy;

// When nobody reads its output, it sets the clone up all the same.
process.stderr.on('error', () => {});
const say = (line) => process.stderr.write(`${line}\n`);

async function prepare(needs) {
  const fetches = needs.servers && !serversFetched(root);
  const lines = missing({ java: needs.servers, maven: fetches });
  if (lines.length > 0) throw new StepFailed(explain(lines));
  if (isInstalled(root) && !fetches && (!needs.build || isBuilt(root, needs.project))) return;
  const waiting = (owner) => say(`Waiting for process ${owner}, which sets this clone up`);
  await withLock(
    path.join(root, '.orderstream/set-up.lock'),
    async () => {
      await install(root, say);
      if (needs.servers) await fetchServers(root, say);
      if (needs.build) await build(root, needs.project, say);
    },
    waiting,
  );
}

/** When one of these processes ends, nobody waits for the command any more: this one, and npm above it. */
const launchers = () => [...npmAbove(), process.pid].map(identityOf).filter((identity) => identity !== undefined);

function runCommand([entry, ...before], args) {
  const owners = launchers();
  const bin = path.join(root, 'node_modules/.bin');
  const child = spawn(path.join(bin, 'node'), [...NODE_ARGUMENTS, path.join(root, entry), ...before, ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...throughNoProxy, ORDERSTREAM_LAUNCHERS: owners.join(' '), PATH: `${bin}${path.delimiter}${process.env.PATH}` },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the child itself; twice would cut its orderly end short.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
  }
  const orphaned = setInterval(() => owners.every(isRunning) || child.kill('SIGTERM'), PARENT_CHECK_MS);
  child.once('error', (error) => {
    clearInterval(orphaned);
    say(error.message);
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    clearInterval(orphaned);
    process.exitCode = code ?? 128 + constants.signals[signal];
    for (const handled of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(handled);
  });
}

/** Ends once the running step has ended: until then it changes the clone, and nobody else may. */
function endOnSignal() {
  const interrupted = (signal) => {
    const code = EXIT_CODES[signal];
    if (interruptedBy === undefined && abortSteps(signal)) {
      interruptedBy = signal;
      say('Stopping the set-up; again ends it at once');
    } else process.exit(code);
  };
  for (const signal of Object.keys(EXIT_CODES)) process.on(signal, interrupted);
  return () => Object.keys(EXIT_CODES).forEach((signal) => process.removeListener(signal, interrupted));
}

async function main([name, ...args]) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) throw new WrongUse(`There is no command ${name}; there are: ${Object.keys(commands).join(', ')}`);
  refuseFolder(root);
  const asksForHelp = args.includes('--help') || args.includes('-h');
  const entry = path.join(root, command.run.at(-1));
  const unneeded = asksForHelp && isInstalled(root) && existsSync(entry);
  const goesOn = endOnSignal();
  if (!unneeded) await prepare({ ...command.needs(args), ...(asksForHelp ? { servers: false } : {}) });
  goesOn();
  if (!existsSync(entry)) throw new StepFailed(`${command.run.at(-1)} was not built`);
  runCommand(command.run, args);
}

main(process.argv.slice(2)).catch((error) => {
  const isTold = interruptedBy !== undefined;
  // An error of the system, such as a refused write, says what and where by itself.
  if (!isTold) say(error instanceof StepFailed || error.syscall !== undefined ? error.message : error.stack);
  process.exitCode = isTold ? EXIT_CODES[interruptedBy] : (error.exitCode ?? 1);
});
