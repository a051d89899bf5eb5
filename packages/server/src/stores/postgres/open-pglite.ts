/**
 * Opens the embedded PostgreSQL: in memory, or in a directory that no other process may use meanwhile.
 *
 * What a commit is worth here: PGlite runs without fsync, and nothing can turn it on. An acknowledged commit
 * survives the death of this process, but a power cut may take the last seconds. A server that must not lose
 * them uses a real PostgreSQL.
 *
 * PGlite computes on the thread that calls it: a statement that takes a second stops everything for one.
 *
 * In the directory: `bursar.lock`, and the cluster in `postgres`.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { PGlite, types } from '@electric-sql/pglite';
import type { PGliteOptions } from '@electric-sql/pglite';
import { BursarError, isBursarError } from '@bursar/core';

import { lockDirectory } from './directory-lock.ts';
import { createCluster } from './pglite-image.ts';

export interface OpenPgliteOptions {
  /** Where the data are, or `memory` for data that end with this process. */
  readonly directory: string;
  /** Where an image of a fresh cluster is kept, so that only the first start on a machine takes seconds. */
  readonly imageDirectory?: string;
  /** How long to wait for another process to leave the directory, in milliseconds. Default 0: not at all. */
  readonly lockWaitMs?: number;
}

export interface OpenedPglite {
  readonly pglite: PGlite;
  /** Closes the database and lets the next process into the directory. Harmless when repeated. */
  close(): Promise<void>;
}

/** int8 arrives as bigint, always. PGlite's own way is a number or a bigint, depending on the value. */
const OPTIONS: PGliteOptions = { parsers: { [types.INT8]: BigInt } };

/**
 * Opens the database, and makes it first if there is none: 0.4 s if there is, 0.7 to 1.2 s from an image,
 * 4 to 8 s without.
 *
 * @throws BursarError `store_unavailable` when another process uses the directory, or PGlite cannot open it.
 */
export async function openPglite(options: OpenPgliteOptions): Promise<OpenedPglite> {
  const { directory, imageDirectory, lockWaitMs = 0 } = options;
  if (directory === 'memory') {
    return opened(await createCluster(OPTIONS, imageDirectory), () => {});
  }
  const lock = await lockDirectory({ directory, waitMs: lockWaitMs });
  try {
    const pglite = await openCluster(join(directory, 'postgres'), imageDirectory);
    return opened(pglite, () => lock.release());
  } catch (error) {
    lock.release();
    if (isBursarError(error)) throw error;
    throw new BursarError('store_unavailable', {
      message: `PGlite could not open the database in ${directory}: ${String(error)}`,
      cause: error,
    });
  }
}

async function openCluster(path: string, imageDirectory: string | undefined): Promise<PGlite> {
  if (!existsSync(path)) {
    // Made under another name: a process killed in the middle leaves a half that nobody takes for a whole.
    const draft = `${path}.new`;
    await rm(draft, { recursive: true, force: true });
    // PGlite creates files that everyone may read and write; the folder keeps everyone out.
    await mkdir(draft, { mode: 0o700 });
    const pglite = await createCluster({ ...OPTIONS, dataDir: draft }, imageDirectory);
    await pglite.close();
    await rename(draft, path);
  }
  return PGlite.create({ ...OPTIONS, dataDir: path });
}

function opened(pglite: PGlite, leave: () => void): OpenedPglite {
  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    // Kysely's `destroy` may have closed the database already, but knows nothing of the lock.
    if (!pglite.closed) await pglite.close();
    leave();
  }
  return { pglite, close: () => (closed ??= close()) };
}
