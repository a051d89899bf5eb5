/** The local provider as a child process, and its own book of what it would bill. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallRecord, Totals } from '@bursar/local-provider';
import { type ListeningChild, startListeningChild } from './listening-child.ts';

/** A running provider. */
export interface LocalProvider extends ListeningChild {
  /** Every call it has seen, in order of arrival. */
  calls(): Promise<readonly CallRecord[]>;
  /** Sums over all of them. */
  totals(): Promise<Totals>;
}

/** Starts the provider; its output goes to `directory`. */
export async function startLocalProvider(directory: string): Promise<LocalProvider> {
  const child = await startListeningChild({
    name: 'the local provider',
    script: fileURLToPath(new URL('./local-provider-main.ts', import.meta.url)),
    args: [],
    environment: process.env,
    logFile: join(directory, 'provider.log'),
  });
  const read = async <Book>(path: string): Promise<Book> => {
    const response = await fetch(new URL(path, child.url));
    return (await response.json()) as Book;
  };
  return {
    ...child,
    calls: () => read<readonly CallRecord[]>('/provider/calls'),
    totals: () => read<Totals>('/provider/totals'),
  };
}
