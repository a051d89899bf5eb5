/** How far a running demo has got, from the file in which it keeps what was acknowledged to it. */
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Resolves once a run in `books` has been told of `count` settlements. */
export async function acknowledged(books: string, count: number): Promise<void> {
  let watcher: FSWatcher | undefined;
  try {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        const [file] = runFiles(books);
        if (file !== undefined && linesIn(join(books, file)) > count) resolve();
      };
      watcher = watch(books, look);
      look();
    });
  } finally {
    watcher?.close();
  }
}

/** Names of the files in which runs keep what was acknowledged to them. */
export function runFiles(books: string): readonly string[] {
  return readdirSync(books).filter((name) => name.startsWith('acks-'));
}

/** Complete lines. */
export function linesIn(file: string): number {
  return readFileSync(file, 'utf8').split('\n').length - 1;
}
