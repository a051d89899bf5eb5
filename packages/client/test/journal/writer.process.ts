/** A process that keeps ends of calls in a directory as fast as it can, and says which are on the disk, until it is killed. */
import { writeSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { FileJournal } from '../../src/journal/file-journal.ts';

/** What it is told, as JSON in its only argument. */
export interface WriterOptions {
  readonly directory: string;
  /** How many ends it keeps at a time. */
  readonly atOnce: number;
}

const { directory, atOnce } = JSON.parse(process.argv[2] ?? '') as WriterOptions;
const journal = new FileJournal(directory, 2 ** 24, () => {});
for (;;) {
  const some = Array.from({ length: atOnce }, () => randomUUID());
  await Promise.all(
    some.map(async (reservation) => {
      await journal.append({
        kind: 'settle',
        input: { reservation, costUsd: '0.01' },
        atMs: 1,
      });
      writeSync(1, `${reservation}\n`);
    }),
  );
}
