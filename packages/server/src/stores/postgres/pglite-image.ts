/**
 * A fresh cluster as one file, so that only the first start on a machine pays for `initdb`.
 *
 * `initdb` under WebAssembly takes 3 to 8 s of CPU, unpacking its result 0.7 s. The image (4.5 MB) is made
 * by PGlite's own dump, named after PGlite's version, and may be deleted at any time. Not used: the vendor's
 * `@electric-sql/pglite-prepopulatedfs`, which lags behind and demands exactly its own version of PGlite.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import type { PGliteOptions } from '@electric-sql/pglite';

/**
 * Makes a new cluster, from the image in `imageDirectory` if there is one, else by `initdb`, and then
 * leaves an image there for the next time.
 *
 * @param imageDirectory Must be writable by this user alone: what is in an image runs with the rights of the
 *   server. Without it no image is read or written.
 */
export async function createCluster(
  options: PGliteOptions,
  imageDirectory: string | undefined,
): Promise<PGlite> {
  if (imageDirectory === undefined) return PGlite.create(options);
  const path = join(imageDirectory, `pglite-${await pgliteVersion()}.tar.gz`);
  const image = await readImage(path);
  if (image !== undefined) return PGlite.create({ ...options, loadDataDir: image });
  const pglite = await PGlite.create(options);
  // Only a convenience: a full or read-only disk must not keep a server from starting that has started.
  await writeImage(path, await pglite.dumpDataDir('gzip')).catch(() => {});
  return pglite;
}

async function readImage(path: string): Promise<Blob | undefined> {
  try {
    return new Blob([await readFile(path)], { type: 'application/gzip' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Written under another name first: several processes may do so at once, and readers see all or nothing. */
async function writeImage(path: string, image: Blob): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, image.stream(), { mode: 0o600 });
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function pgliteVersion(): Promise<string> {
  // The package does not export its package.json, but its entry point is always in `dist` beside it.
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  const text = await readFile(join(dirname(entry), '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
