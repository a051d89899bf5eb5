/**
 * A process for the tests of the directory lock. Waits for a line with an instant on its input; from then on
 * tries to lock one directory of its arguments every few milliseconds, at the same instants as its rivals;
 * reports those it got as one line of JSON, and keeps them until it is killed.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { lockDirectory } from '../../src/stores/postgres/directory-lock.ts';

const EVERY_MS = 15;

process.stdout.write('ready\n');
const [line] = (await once(process.stdin, 'data')) as [Buffer];
const startAtMs = Number(line.toString());
const got: string[] = [];
for (const [index, directory] of process.argv.slice(2).entries()) {
  await sleep(Math.max(0, startAtMs + index * EVERY_MS - Date.now()));
  try {
    await lockDirectory({ directory });
    got.push(directory);
  } catch (error) {
    if (!String(error).includes('in use by process')) throw error;
  }
}
process.stdout.write(`${JSON.stringify(got)}\n`);
