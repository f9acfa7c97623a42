// Installs and builds, each only when something changed since. Runs on Node 20 without dependencies.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, StepFailed } from './run.mjs';

const PROGRESS_MS = 10_000;
// Without the caller's settings: NODE_ENV=production would leave out what builds and runs this, `npm run -s` would
// hide why it failed, and ignoring scripts would leave out our own Node.js.
const INSTALL = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--ignore-scripts=false',
  '--no-dry-run',
  '--loglevel=notice',
  '--no-fund',
  '--no-audit',
];
const BUILT_FROM = /\.(ts|mts|cts|json|avsc|proto)$/;

/** Without node_modules/.bin: npm replaces the node that is there. */
const machinePath = (root) =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== path.join(root, 'node_modules/.bin'))
    .join(path.delimiter);

const stampOf = (root, name) => path.join(root, 'node_modules/.orderstream', name);

function readStamp(root, name) {
  const file = stampOf(root, name);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function writeStamp(root, name, value) {
  mkdirSync(path.dirname(stampOf(root, name)), { recursive: true });
  writeFileSync(stampOf(root, name), value);
}

const platform = `${process.platform}-${process.arch}`;
const lockfileKey = (root) =>
  `${platform}-${createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')}`;

/** True when somebody's own `npm install` brought what the lock file names: reinstalling would only cost time. */
function matchesLockfile(root) {
  const hidden = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden) || !existsSync(path.join(root, 'node_modules/.bin/node'))) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  const known = Object.keys(installed).every((name) => wanted[name]?.version === installed[name].version);
  return (
    known &&
    Object.entries(wanted).every(([name, entry]) => {
      if (!name.startsWith('node_modules/') || entry.optional === true) return true;
      // A workspace's link has no version.
      return installed[name] !== undefined && installed[name].version === entry.version;
    })
  );
}

export const isInstalled = (root) => readStamp(root, 'installed') === lockfileKey(root);

export async function install(root, say) {
  if (isInstalled(root)) return;
  const key = lockfileKey(root);
  if (!matchesLockfile(root)) {
    say('Installing packages (npm ci)');
    const startedAt = Date.now();
    const timer = setInterval(() => say(`  installing for ${Math.round((Date.now() - startedAt) / 1000)} s`), PROGRESS_MS);
    try {
      await run('npm', INSTALL, { cwd: root, env: { ...process.env, PATH: machinePath(root) } });
    } finally {
      clearInterval(timer);
    }
    if (!matchesLockfile(root)) throw new StepFailed(`npm ${INSTALL.join(' ')}\ndid not bring everything that package-lock.json names`);
  }
  writeStamp(root, 'installed', key);
}

function workspaces(root) {
  const { workspaces: patterns } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const folders = patterns.flatMap((pattern) => {
    const parent = path.dirname(pattern);
    return readdirSync(path.join(root, parent)).map((name) => path.join(parent, name));
  });
  return folders.filter((folder) => existsSync(path.join(root, folder, 'package.json')));
}

function* filesBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(file);
    else if (BUILT_FROM.test(entry.name)) yield file;
  }
}

/** Changes when a source of the build does. It reads no file's content, because it runs every time. */
function sourcesKey(root) {
  const hash = createHash('sha256').update(lockfileKey(root));
  const describe = (file) => {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  };
  describe(path.join(root, 'tsconfig.base.json'));
  for (const workspace of workspaces(root)) for (const file of filesBelow(path.join(root, workspace))) describe(file);
  return hash.digest('hex');
}

const builtFolders = (root) => workspaces(root).filter((workspace) => existsSync(path.join(root, workspace, 'dist')));
const builtStamp = (project) => `built-${(project ?? 'all').replaceAll('/', '-')}`;

/** @param project undefined for all of them. */
export function isBuilt(root, project) {
  const key = sourcesKey(root);
  return [builtStamp(), builtStamp(project)].some((name) => {
    const [builtKey, ...folders] = (readStamp(root, name) ?? '').split('\n');
    return builtKey === key && folders.every((folder) => existsSync(path.join(root, folder, 'dist')));
  });
}

/** @param project the one to build, with what it needs; all when undefined. */
export async function build(root, project, say) {
  if (isBuilt(root, project)) return;
  say(`Building ${project ?? 'everything'}`);
  // Taken before the build: what is edited while it runs is built the next time.
  const key = sourcesKey(root);
  const bin = path.join(root, 'node_modules/.bin');
  const targets = project === undefined ? ['run-many', '-t', 'build'] : ['run', `${project}:build`];
  await run(path.join(bin, 'nx'), targets, {
    cwd: root,
    env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', PATH: `${bin}${path.delimiter}${machinePath(root)}` },
  });
  writeStamp(root, builtStamp(project), [key, ...builtFolders(root)].join('\n'));
}
