// Runs a set-up step quietly: its output is shown only when it fails. Runs on Node 20 without dependencies.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const FIRST_LINES = 20;
const LAST_LINES = 60;
const running = new Set();

export class StepFailed extends Error {}

/** Asks the running step to end; returns whether there is one. It may take seconds: npm undoes what it has begun. */
export function abortSteps(signal) {
  // A terminal sends Ctrl-C to the step itself; twice would cut its orderly end short.
  if (!(signal === 'SIGINT' && process.stdin.isTTY)) for (const child of running) child.kill('SIGTERM');
  return running.size > 0;
}

export function run(command, args, { cwd, env = process.env, onLine = () => {} }) {
  return new Promise((resolve, reject) => {
    const lines = [];
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        // Between the cause, which some tools print first, and the end.
        if (lines.length > FIRST_LINES + LAST_LINES) lines.splice(FIRST_LINES, 1);
        onLine(line);
      });
    }
    child.once('error', (error) => reject(new StepFailed(`${command} could not be run: ${error.message}`)));
    child.once('close', (code, signal) => {
      running.delete(child);
      if (code === 0) resolve();
      else reject(new StepFailed(`${lines.join('\n')}\n\n${command} ${args.join(' ')}\nended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
