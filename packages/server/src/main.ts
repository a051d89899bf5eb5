/** The process: the only file that reads `process`. Everything else is told what it needs. */
import { runCli } from './cli/run-cli.ts';
import type { Terminal } from './cli/terminal.ts';

const terminal: Terminal = {
  environment: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  logs: process.stdout,
  onStop(stop) {
    let isAsked = false;
    const ask = (): void => {
      if (isAsked) process.exit(1);
      isAsked = true;
      stop();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
    // A parent that started us with a channel and is gone will not come back.
    process.once('disconnect', () => {
      if (!isAsked) ask();
    });
  },
  announce: (url) => void process.send?.({ listening: url }),
};

const exitCode = await runCli(process.argv.slice(2), terminal);
// Waits for what was written, and then for nothing else: a channel to a parent would keep us alive.
process.stdout.write('', () => process.exit(exitCode));
