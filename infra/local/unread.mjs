// Loaded into every command before it begins. The reader of its output may leave (`| head`): then it ends in order,
// as on SIGTERM, and not with the stack trace of an EPIPE.
let ending = false;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    // A command whose work counts more than its output listens itself and goes on.
    if (ending || stream.listenerCount('error') > 1) return;
    ending = true;
    if (process.listenerCount('SIGTERM') === 0) process.exit(0);
    process.kill(process.pid, 'SIGTERM');
  });
}
