/**
 * A program from the distribution's own packages (Debian, Ubuntu), without root and without installing it.
 *
 * npm does not have every program that the tests need, and none can be counted on to be on the machine. `apt`
 * says which packages a machine lacks for one, checks their signatures and downloads them; they are unpacked
 * into a cache and run from there. The machine's package lists are read, never changed: where they are missing
 * or too old, fresh ones go to a folder of ours, which needs no root and clashes with no other `apt`.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';

const APT_WITHIN_MS = 120_000;

/** A package that has a program. */
export interface DistributionPackage {
  /** What Debian and Ubuntu call it. */
  readonly name: string;
  /** What its folders in the cache are called, before the version. */
  readonly cacheName: string;
  /** Links that the unpacked package lacks: from path to target, both inside its folder. */
  readonly links?: Readonly<Record<string, string>>;
}

/**
 * Downloads the package and what it needs that the machine lacks, unpacks all of it into one folder of the
 * cache, and returns that.
 *
 * Several processes may call this at once: each fills a folder of its own, and one rename wins.
 *
 * @throws Error with apt's words, where there is no apt or it cannot get the packages.
 */
export async function downloadPackage(wanted: DistributionPackage): Promise<string> {
  const cache = cacheFolder();
  // Elsewhere than on Debian and Ubuntu this throws, before anything is announced.
  await run('apt-get', ['--version'], tmpdir());
  process.stderr.write(
    `getting ${wanted.name} from the system's package sources into ${cache} …\n`,
  );
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    const { folder, version } = await downloadArchives(wanted.name, draft, []).catch(async () =>
      downloadArchives(wanted.name, draft, await updateLists(draft)),
    );
    const root = join(draft, 'root');
    for (const archive of await readdir(folder)) {
      await run('dpkg-deb', ['-x', join(folder, archive), root], draft);
    }
    for (const [path, to] of Object.entries(wanted.links ?? {}))
      await symlink(to, join(root, path));
    const target = join(cache, `${wanted.cacheName}-${version}`);
    await rename(root, target).catch((error: unknown) => {
      // Another process was faster; its copy is as good as ours.
      if (!existsSync(target)) throw error;
    });
    return target;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The environment in which programs of the unpacked packages in `root` find their libraries. */
export function environmentIn(root: string): NodeJS.ProcessEnv {
  const folders = ['usr/lib', 'lib']
    .map((name) => join(root, name))
    .filter((parent) => existsSync(parent))
    // One level down, in the folder named after the processor.
    .flatMap((parent) => [parent, ...readdirSync(parent).map((name) => join(parent, name))]);
  const inherited = process.env['LD_LIBRARY_PATH'];
  const all = inherited === undefined ? folders : [...folders, inherited];
  return { ...process.env, LD_LIBRARY_PATH: all.join(delimiter) };
}

/** Downloads the package and whatever it needs that is not installed, into a new folder in `draft`. */
async function downloadArchives(
  name: string,
  draft: string,
  options: readonly string[],
): Promise<{ folder: string; version: string }> {
  const folder = await mkdtemp(join(draft, 'archives-'));
  const plan = await run(
    'apt-get',
    [...options, 'install', '--simulate', '--no-install-recommends', '--reinstall', name],
    folder,
  );
  // `Inst <name> (<version> …` is new, `Inst <name> [<installed>] (…` would replace an installed one.
  const missing = [...plan.matchAll(/^Inst (\S+) \(/gm)].map(([, found]) => found ?? '');
  const own = new RegExp(`^Inst ${name} (?:\\[\\S+\\] )?\\((?:\\d+:)?(\\S+)`, 'm');
  const [, version] = own.exec(plan) ?? [];
  if (version === undefined) throw new Error(`apt has no plan for ${name}:\n${plan}`);
  await run('apt-get', [...options, 'download', ...new Set([name, ...missing])], folder);
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
