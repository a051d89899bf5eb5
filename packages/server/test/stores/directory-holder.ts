/**
 * A process for the tests of the directory lock. Waits for a line on its input, tries to lock each directory
 * named in its arguments, reports the ones it got as one line of JSON, and keeps them until it is killed.
 */
import { once } from 'node:events';

import { lockDirectory } from '../../src/stores/postgres/directory-lock.ts';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const got: string[] = [];
for (const directory of process.argv.slice(2)) {
  try {
    await lockDirectory({ directory });
    got.push(directory);
  } catch (error) {
    if (!String(error).includes('in use by process')) throw error;
  }
}
process.stdout.write(`${JSON.stringify(got)}\n`);
