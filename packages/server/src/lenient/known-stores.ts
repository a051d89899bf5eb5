/**
 * Which stores a journal belongs to: a note in its directory, written once they have been reached.
 *
 * A server that was never connected to anything must not start and let calls through because somebody mistyped
 * an address. One that was may start again in the middle of an outage. The note is a digest and says nothing.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const NOTE = 'stores';

/** Whether these stores were reached before with this directory. `addresses` without passwords. */
export async function wereReached(
  directory: string,
  addresses: readonly string[],
): Promise<boolean> {
  const note = await readFile(join(directory, NOTE), 'utf8').catch(() => '');
  return note.trim() === digestOf(addresses);
}

/** Notes that they were. */
export async function noteReached(directory: string, addresses: readonly string[]): Promise<void> {
  if (await wereReached(directory, addresses)) return;
  await writeFile(join(directory, NOTE), `${digestOf(addresses)}\n`, { mode: 0o600 });
}

function digestOf(addresses: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(addresses)).digest('hex');
}
