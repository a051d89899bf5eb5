/** What TypeScript makes of a packed package, for each way in which a project may look for its types. */
import {
  checkPackage,
  createPackageFromTarballData,
  type Package,
  type Problem,
} from '@arethetypeswrong/core';

/**
 * Ways that there is nothing for. Our packages are ES modules with `exports`: TypeScript's `node10` does not read
 * `exports`, and in a CommonJS module `import()` is how an ES module is had, or `require` on the Node that we need.
 */
const NOT_FOR: ReadonlySet<string> = new Set(['node10', 'node16-cjs']);

/** Everything that is wrong with the types in `tarball`, one line each; those of patterns' files included. */
export async function typeProblems(tarball: Uint8Array): Promise<readonly string[]> {
  const packed = createPackageFromTarballData(tarball);
  const result = await checkPackage(packed, { includeEntrypoints: [...matchesOfPatterns(packed)] });
  if (result.types === false) return ['has no types'];
  const untyped = Object.values(result.entrypoints)
    .filter(({ hasTypes, isWildcard }) => !hasTypes && !isWildcard)
    .map(({ subpath }) => `${subpath} has no types`);
  return [...untyped, ...result.problems.filter(concernsUs).map(lineOf)];
}

/** What can be imported by `exports` like `./catalogue/*`: `./catalogue/openai`, … */
function* matchesOfPatterns(packed: Package): Generator<string> {
  const folder = `/node_modules/${packed.packageName}`;
  const { exports } = JSON.parse(packed.readFile(`${folder}/package.json`)) as {
    readonly exports: Readonly<Record<string, { readonly types: string }>>;
  };
  for (const [subpath, { types }] of Object.entries(exports)) {
    const [before, after] = types.split('*');
    if (before === undefined || after === undefined) continue;
    const start = `${folder}/${before.replace('./', '')}`;
    const files = packed
      .listFiles()
      .filter((file) => file.startsWith(start) && file.endsWith(after));
    if (files.length === 0) throw new Error(`${packed.packageName}: ${subpath} matches no file`);
    for (const file of files) {
      yield subpath.replace('*', file.slice(start.length, -after.length));
    }
  }
}

function concernsUs(problem: Problem): boolean {
  return !('resolutionKind' in problem) || !NOT_FOR.has(problem.resolutionKind);
}

function lineOf({ kind, ...details }: Problem): string {
  const { trace: _trace, ...shown } = details as Record<string, unknown>;
  return `${kind} ${JSON.stringify(shown)}`;
}
