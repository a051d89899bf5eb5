/**
 * `pnpm load [scenario …]`: what a system does under load and faults, ours beside the design it replaces.
 *
 * Exits with 1 when our money is not right to the nano-dollar, and with 2 for arguments that make no sense.
 */
import { LOAD_USAGE, parseLoadArguments } from './load/arguments.ts';
import { runLoads } from './load/run-loads.ts';

const parsed = parseLoadArguments(process.argv.slice(2));
if (typeof parsed === 'string') {
  console.error(parsed);
  process.exitCode = 2;
} else if (parsed.help) {
  console.log(LOAD_USAGE);
} else {
  const isRight = await runLoads(parsed, {
    print: (text) => console.log(text),
    note: (text) => {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
    },
  });
  if (!isRight) process.exitCode = 1;
}
