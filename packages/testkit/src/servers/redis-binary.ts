/**
 * Finds a Redis that the tests can run.
 *
 * A place counts only when its program really runs and says that it is 7.0 or newer: that one check covers
 * missing libraries, another processor and a cache on a file system mounted `noexec`. Redis runs as root
 * too, so unlike PostgreSQL it runs as the user of this process, from wherever that user can read.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { cachedRedisPackages, downloadRedisPackage } from './redis-package.ts';
import type { RedisPlace } from './redis-package.ts';

/** The first that keeps its append-only file in a folder, which restoring a snapshot relies on. */
const MAJOR_MIN = 7;

export interface RedisBinary {
  /** The server's program. */
  readonly file: string;
  /** The environment to run it in: this process's own, and where its libraries are. */
  readonly env: NodeJS.ProcessEnv;
  /** For example `7.0.15`. */
  readonly version: string;
}

/**
 * The server's program: `BURSAR_REDIS_BINARY` if it is set, else PATH, else a package unpacked earlier, else
 * the distribution's package, downloaded and unpacked without being installed (a few seconds, once).
 *
 * @throws Error that says how to get a Redis, when none of them runs.
 */
export async function findRedisBinary(): Promise<RedisBinary> {
  const configured = process.env['BURSAR_REDIS_BINARY'];
  if (configured !== undefined && configured !== '') {
    // What somebody chose is used or refused; going on to another server would hide the mistake.
    const chosen = await tryPlace({ file: configured, libraryFolders: [] });
    if (chosen !== undefined) return chosen;
    throw new Error(
      `BURSAR_REDIS_BINARY is ${configured}, but that does not run as a Redis ${MAJOR_MIN}.0 or newer. ` +
        `Correct it, or unset it to let the tests find one.`,
    );
  }
  for (const place of [...placesInPath(), ...cachedRedisPackages()]) {
    const found = await tryPlace(place);
    if (found !== undefined) return found;
  }
  let reason: unknown;
  try {
    const downloaded = await tryPlace(await downloadRedisPackage());
    if (downloaded !== undefined) return downloaded;
    reason = new Error(
      `The distribution's package is not a Redis ${MAJOR_MIN}.0 or newer that runs.`,
    );
  } catch (error) {
    reason = error;
  }
  throw new Error(
    `No Redis ${MAJOR_MIN}.0 or newer runs on this machine (${process.platform}-${process.arch}). Install ` +
      `one (apt install redis-server, brew install redis), or set BURSAR_REDIS_BINARY to the program ` +
      `redis-server or valkey-server. (${reason instanceof Error ? reason.message : String(reason)})`,
    { cause: reason },
  );
}

function* placesInPath(): Generator<RedisPlace> {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const file = join(folder, name);
      if (folder !== '' && existsSync(file)) yield { file, libraryFolders: [] };
    }
  }
}

async function tryPlace({ file, libraryFolders }: RedisPlace): Promise<RedisBinary | undefined> {
  const inherited = process.env['LD_LIBRARY_PATH'];
  const folders = inherited === undefined ? libraryFolders : [...libraryFolders, inherited];
  const env =
    libraryFolders.length === 0
      ? process.env
      : { ...process.env, LD_LIBRARY_PATH: folders.join(delimiter) };
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { env, timeout: 10_000 });
    // `Redis server v=7.0.15 sha=…`, `Valkey server v=8.1.1 sha=…`.
    const [, version, major] = /server v=((\d+)\.\S+)/.exec(stdout) ?? [];
    if (version === undefined || Number(major) < MAJOR_MIN) return undefined;
    return { file, env, version };
  } catch {
    return undefined;
  }
}
