// What the machine must bring. Runs on Node 20 without dependencies.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { StepFailed } from './run.mjs';

const OLDEST_NODE = 20;
const OLDEST_JAVA = 17;

const installing = {
  node: 'https://nodejs.org, or your package manager',
  java: 'apt install openjdk-17-jre-headless · brew install openjdk@17 · https://adoptium.net',
  maven: 'apt install maven · brew install maven · https://maven.apache.org/install.html',
};

function missingNode() {
  const found = process.versions.node;
  return Number(found.split('.')[0]) >= OLDEST_NODE ? [] : [`Node.js ${OLDEST_NODE} or later (this is ${found}): ${installing.node}`];
}

function missingJava() {
  const { JAVA_HOME } = process.env;
  const java = JAVA_HOME ? `${JAVA_HOME}/bin/java` : 'java';
  const { error, stderr = '' } = spawnSync(java, ['-version'], { encoding: 'utf8' });
  const version = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1];
  if (error === undefined && Number(version) >= OLDEST_JAVA) return [];
  const found = version === undefined ? 'there is none' : `this is ${version}`;
  return [`Java ${OLDEST_JAVA} or later (${found}${JAVA_HOME ? ` in JAVA_HOME=${JAVA_HOME}` : ''}): ${installing.java}`];
}

const missingMaven = () =>
  spawnSync('mvn', ['-v']).error === undefined ? [] : [`Maven (mvn), once, to fetch Kafka and the schema registry: ${installing.maven}`];

/** What is missing, one line each, with where to get it. */
export const missing = ({ java, maven }) => [...missingNode(), ...(java ? missingJava() : []), ...(maven ? missingMaven() : [])];

export const explain = (lines) =>
  [
    'Missing on this machine:',
    ...lines.map((line) => `  - ${line}`),
    '',
    'Either install that, or run everything in containers instead: docker compose up',
  ].join('\n');

/** PATH and Java's class path separate folders by the delimiter and can't quote it; Postgres runs its own programs through a shell. */
const IMPOSSIBLE = [path.delimiter, '"', '$', '`', '\n'];

/** @throws StepFailed naming the character that a folder must not have. */
export function refuseFolder(root) {
  const letter = IMPOSSIBLE.find((each) => root.includes(each));
  if (letter !== undefined)
    throw new StepFailed(`This clone can't be run: its path, ${root}, has ${JSON.stringify(letter)} in it. Move it elsewhere.`);
}
