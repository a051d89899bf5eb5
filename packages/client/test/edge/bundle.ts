/** The client as bundlers make it for the edge and for browsers. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

/** A bundle. */
export interface Bundle {
  readonly text: string;
  readonly metafile: Metafile;
}

/** `source` with everything that it imports, for no platform in particular, in one script. */
export async function bundled(source: string): Promise<Bundle> {
  return await bundle(source, {});
}

/** The same as a module, whose exports and awaits are those of `source`. */
export async function bundledModule(source: string): Promise<string> {
  return (await bundle(source, { isModule: true })).text;
}

/**
 * What has to be there before the first call: `source` with what it imports, without what is loaded when it is needed.
 */
export async function bundledAtStart(source: string): Promise<Bundle> {
  return await bundle(source, { isStart: true });
}

/** Size in bytes as it travels. */
export function gzipBytes({ text }: Bundle): number {
  return gzipSync(text, { level: 9 }).length;
}

async function bundle(source: string, { isStart = false, isModule = false }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['worker', 'import'],
    format: isStart || isModule ? 'esm' : 'iife',
    outdir: ROOT,
    logLevel: 'silent',
    plugins: isStart
      ? [
          {
            name: 'leave-out-what-is-loaded-later',
            setup: ({ onResolve }) =>
              onResolve({ filter: /.*/ }, ({ kind, path }) =>
                kind === 'dynamic-import' ? { path, external: true } : undefined,
              ),
          },
        ]
      : [],
  });
  return { text: outputFiles[0]?.text ?? '', metafile };
}
