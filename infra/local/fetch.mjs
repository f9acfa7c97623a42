// Fetches what the stack runs on the JVM, through Maven. Runs on Node 20 without dependencies.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { run } from './run.mjs';

const PROGRESS_MS = 5_000;

const pomOf = (root) => path.join(root, 'infra/local/pom.xml');

export function serversFolder(root) {
  const key = createHash('sha256')
    .update(readFileSync(pomOf(root)))
    .digest('hex')
    .slice(0, 12);
  return path.join(root, '.orderstream/servers', key);
}

export const serversFetched = (root) => existsSync(serversFolder(root));

export async function fetchServers(root, say) {
  const target = serversFolder(root);
  if (existsSync(target)) return;
  mkdirSync(path.dirname(target), { recursive: true });
  const partial = mkdtempSync(`${target}.`);
  say('Fetching Kafka 4.1.1 and Apicurio Registry 3.0.9 through Maven (160 MB, once)');
  const startedAt = Date.now();
  let files = 0;
  let latest = '';
  const timer = setInterval(() => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    say(`  ${files} files downloaded after ${seconds} s${latest === '' ? '' : `, now ${latest}`}`);
  }, PROGRESS_MS);
  try {
    await run('mvn', ['-B', '-f', pomOf(root), 'process-resources', `-Dservers=${partial}`], {
      cwd: root,
      onLine: (line) => {
        if (/\bDownloaded from /.test(line)) files += 1;
        latest = /\bDownloading from \S+ \S*?([^/\s]+)$/.exec(line)?.[1] ?? latest;
      },
    });
    renameSync(partial, target);
  } finally {
    clearInterval(timer);
    rmSync(partial, { recursive: true, force: true });
  }
}
