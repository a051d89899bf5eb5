/**
 * A process whose files may not grow beyond a few kilobytes. It keeps ends of calls until a write fails, forgets half of
 * them, keeps one more, and says what it must still have.
 */
import { randomUUID } from 'node:crypto';
import { isBursarError } from '@bursar/core';
import { FileJournal } from '../../src/journal/file-journal.ts';

/** What it is told, as JSON in its only argument. */
export interface CrampedOptions {
  readonly directory: string;
}

/** What it says, as JSON on its standard output. */
export interface CrampedReport {
  readonly kept: readonly string[];
  /** The code of what failed. */
  readonly failure: string;
}

const { directory } = JSON.parse(process.argv[2] ?? '') as CrampedOptions;
const journal = new FileJournal(directory, 2 ** 24, () => {});
let kept: string[] = [];
async function keep(): Promise<void> {
  const reservation = randomUUID();
  await journal.append({ kind: 'settle', input: { reservation, costUsd: '0.01' }, atMs: 1 });
  kept.push(reservation);
}

let failure: unknown;
while (failure === undefined) {
  await keep().catch((error: unknown) => {
    failure = error;
  });
}
const half = kept.length / 2;
await Promise.all(kept.slice(half).map((reservation) => journal.remove(reservation)));
kept = kept.slice(0, half);
await keep();
const report: CrampedReport = { kept, failure: isBursarError(failure) ? failure.code : 'another' };
process.stdout.write(JSON.stringify(report));
