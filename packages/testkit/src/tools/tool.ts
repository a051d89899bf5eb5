/**
 * Programs that the tests need, and how each is had: chosen by hand, on PATH, or from a package of the distribution or
 * of the npm registry.
 *
 * A place counts only when its program really runs and says a version that will do: that one check covers
 * missing libraries, another processor and a cache on a file system mounted `noexec`. Whoever cannot have a
 * tool fails and says how to get it; no test is skipped for want of one.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { cachedPackages } from './cache-folder.ts';
import { type DistributionPackage, downloadPackage } from './distribution-package.ts';
import { fetchPackage, type RegistryPackage } from './registry-package.ts';

/** A way to run a program. */
export interface Place {
  readonly file: string;
  /** What comes before all other arguments: a script, where the file is its interpreter. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** A program that runs here. */
export interface FoundTool extends Place {
  /** For example `7.0.15`. */
  readonly version: string;
}

/** A program, and where it may come from. */
export interface Tool {
  /** For messages: `Redis 7.0 or newer`. */
  readonly what: string;
  /** The variable of the environment that names the program, when somebody has chosen one. */
  readonly variable: string;
  /** What it is called on PATH, best first. */
  readonly programs: readonly string[];
  /** How to install it, for messages: `apt install luacheck`. */
  readonly install: string;
  readonly package: DistributionPackage | RegistryPackage;
  /** The ways to run it from a folder where its package is unpacked, best first. */
  readonly placesIn: (root: string) => readonly Place[];
  /** The version that its answer to `--version` says; nothing when that will not do. */
  readonly versionIn: (answer: string) => string | undefined;
}

/** The folders of PATH. */
export function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/**
 * The program that the tool's variable names, if it is set, else the one on PATH, else a package unpacked
 * earlier, else its package, downloaded and unpacked without being installed (a few seconds, once).
 *
 * @throws Error that says how to get the tool, when none of them runs.
 */
export async function findTool(tool: Tool): Promise<FoundTool> {
  const { what, variable, install } = tool;
  const configured = process.env[variable];
  if (configured !== undefined && configured !== '') {
    // What somebody chose is used or refused; going on to another one would hide the mistake.
    const chosen = await tryPlace(tool, installed(configured));
    if (chosen !== undefined) return chosen;
    throw new Error(
      `${variable} is ${configured}, but that does not run as a ${what}. ` +
        `Correct it, or unset it to let the tests find one.`,
    );
  }
  for (const place of placesOf(tool)) {
    const found = await tryPlace(tool, place);
    if (found !== undefined) return found;
  }
  let reason: unknown;
  try {
    for (const place of tool.placesIn(await unpacked(tool.package))) {
      const downloaded = await tryPlace(tool, place);
      if (downloaded !== undefined) return downloaded;
    }
    reason = new Error(`What was downloaded is not a ${what} that runs.`);
  } catch (error) {
    reason = error;
  }
  throw new Error(
    `No ${what} runs on this machine (${process.platform}-${process.arch}). Install one (${install}), ` +
      `or set ${variable} to the program ${tool.programs.join(' or ')}. ` +
      `(${reason instanceof Error ? reason.message : String(reason)})`,
    { cause: reason },
  );
}

function unpacked(from: Tool['package']): Promise<string> {
  return 'platforms' in from ? fetchPackage(from) : downloadPackage(from);
}

function* placesOf({ programs, package: from, placesIn }: Tool): Generator<Place> {
  for (const name of programs) {
    for (const folder of pathFolders()) {
      const file = join(folder, name);
      if (existsSync(file)) yield installed(file);
    }
  }
  for (const root of cachedPackages(from)) yield* placesIn(root);
}

function installed(file: string): Place {
  return { file, args: [], env: process.env };
}

async function tryPlace(tool: Tool, place: Place): Promise<FoundTool | undefined> {
  const { file, args, env } = place;
  try {
    const options = { env, timeout: 10_000 };
    const { stdout } = await promisify(execFile)(file, [...args, '--version'], options);
    const version = tool.versionIn(stdout);
    return version === undefined ? undefined : { ...place, version };
  } catch {
    return undefined;
  }
}
