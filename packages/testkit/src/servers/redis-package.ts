/**
 * Redis from the distribution's own packages (Debian, Ubuntu), without root and without installing it.
 *
 * npm has no Redis, and a server on the machine is not to be had everywhere. `apt` says which packages a
 * machine lacks for it, checks their signatures and downloads them; they are unpacked into a cache and run
 * from there. The machine's package lists are read, never changed: where they are missing or too old, fresh
 * ones go to a folder of ours, which needs no root and clashes with no other `apt`.
 *
 * The program is in `redis-tools`: `redis-server` is a link of another package to `redis-check-rdb` there,
 * and the program takes its role from the name it is called by.
 */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = 'redis-tools';
const PROGRAM_IN_PACKAGE = 'usr/bin/redis-check-rdb';
const FOLDER_PREFIX = 'redis-';
const APT_WITHIN_MS = 120_000;

/** A place to try: a program and, for an unpacked package, the folders of its libraries. */
export interface RedisPlace {
  readonly file: string;
  readonly libraryFolders: readonly string[];
}

/** The packages that were unpacked earlier, newest version first. */
export function cachedRedisPackages(): RedisPlace[] {
  const cache = cacheFolder();
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .filter((name) => name.startsWith(FOLDER_PREFIX))
    .toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => placeIn(join(cache, name)));
}

/**
 * Downloads the packages that the machine lacks and unpacks them into the cache, as `redis-<version>`.
 *
 * Several processes may call this at once: each fills a folder of its own, and one rename wins.
 *
 * @throws Error with apt's words, where there is no apt or it cannot get the packages.
 */
export async function downloadRedisPackage(): Promise<RedisPlace> {
  const cache = cacheFolder();
  // Elsewhere than on Debian and Ubuntu this throws, before anything is announced.
  await run('apt-get', ['--version'], tmpdir());
  process.stderr.write(`getting redis-server from the system's package sources into ${cache} …\n`);
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    const { folder, version } = await downloadArchives(draft, []).catch(async () =>
      downloadArchives(draft, await updateLists(draft)),
    );
    const root = join(draft, 'root');
    for (const archive of await readdir(folder)) {
      await run('dpkg-deb', ['-x', join(folder, archive), root], draft);
    }
    await symlink(PROGRAM_IN_PACKAGE, join(root, 'redis-server'));
    const target = join(cache, `${FOLDER_PREFIX}${version}`);
    await rename(root, target).catch((error: unknown) => {
      // Another process was faster; its copy is as good as ours.
      if (!existsSync(target)) throw error;
    });
    return placeIn(target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** `BURSAR_CACHE_DIR`, else a folder of the temporary directory that must be ours alone. */
function cacheFolder(): string {
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

function placeIn(folder: string): RedisPlace {
  const libraryFolders = ['usr/lib', 'lib']
    .map((name) => join(folder, name))
    .filter((parent) => existsSync(parent))
    // One level down, in the folder named after the processor.
    .flatMap((parent) => [parent, ...readdirSync(parent).map((name) => join(parent, name))]);
  return { file: join(folder, 'redis-server'), libraryFolders };
}

/** Downloads the package and whatever it needs that is not installed, into a new folder in `draft`. */
async function downloadArchives(
  draft: string,
  options: readonly string[],
): Promise<{ folder: string; version: string }> {
  const folder = await mkdtemp(join(draft, 'archives-'));
  const plan = await run(
    'apt-get',
    [...options, 'install', '--simulate', '--no-install-recommends', '--reinstall', PACKAGE],
    folder,
  );
  // `Inst <name> (<version> …` is new, `Inst <name> [<installed>] (…` would replace an installed one.
  const missing = [...plan.matchAll(/^Inst (\S+) \(/gm)].map(([, name]) => name ?? '');
  const [, version] = /^Inst redis-tools (?:\[\S+\] )?\((?:\d+:)?(\S+)/m.exec(plan) ?? [];
  if (version === undefined) throw new Error(`apt has no plan for ${PACKAGE}:\n${plan}`);
  await run('apt-get', [...options, 'download', ...new Set([PACKAGE, ...missing])], folder);
  return { folder, version };
}

/** Gets fresh package lists into a folder of ours. Resolves to the options that make apt use them. */
async function updateLists(draft: string): Promise<string[]> {
  const [lists, cache] = [join(draft, 'lists'), join(draft, 'cache')];
  await mkdir(join(lists, 'partial'), { recursive: true });
  await mkdir(join(cache, 'archives/partial'), { recursive: true });
  const options = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  await run('apt-get', [...options, 'update'], draft);
  return options;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C' };
  const options = { cwd, env, timeout: APT_WITHIN_MS } as const;
  return (await promisify(execFile)(program, args, options)).stdout;
}
