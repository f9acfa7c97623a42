// Loaded into every command before it begins. Whoever reads its output may leave (`| head`): then it ends in order, as
// on SIGTERM, and not by the stack trace of an EPIPE.
let ending = false;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
    // A command whose work counts, and not what it prints of it, listens itself and goes on.
    if (ending || stream.listenerCount('error') > 1) return;
    ending = true;
    if (process.listenerCount('SIGTERM') === 0) process.exit(0);
    process.kill(process.pid, 'SIGTERM');
  });
}
