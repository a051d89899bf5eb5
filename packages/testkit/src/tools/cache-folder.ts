/** Where programs that were fetched for tests are kept. */
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folders of packages that were unpacked earlier, newest version first. */
export function cachedPackages({ cacheName }: { readonly cacheName: string }): string[] {
  const cache = cacheFolder();
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .filter((name) => name.startsWith(`${cacheName}-`))
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(cache, name));
}

/** `BURSAR_CACHE_DIR`, else a folder of the temporary directory that must be ours alone. */
export function cacheFolder(): string {
  const configured = process.env['BURSAR_CACHE_DIR'];
  if (configured !== undefined && configured !== '') return configured;
  const folder = join(tmpdir(), `bursar-cache-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    throw new Error(`${folder} is not ours alone: remove it, or set BURSAR_CACHE_DIR.`);
  }
  return folder;
}
