/**
 * Packs each public package as it would be published, lints the tarballs with publint, looks for their types as
 * TypeScript does (Are the types wrong?), installs them into an empty project, and compiles and runs a consumer there:
 * what works only inside this workspace is found here.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { typeProblems } from './package-types.ts';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly [key: string]: unknown;
}

const root = join(import.meta.dirname, '..');
const consumer = mkdtempSync(join(tmpdir(), 'bursar-consumer-'));
try {
  const tarballs = await packAll();
  installInto(consumer, tarballs);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  run('compiles', process.execPath, [tsc, '-p', '.']);
  run('runs', process.execPath, ['consumer.ts']);
  run('bursar --help', join(consumer, 'node_modules/.bin/bursar'), ['--help']);
} finally {
  rmSync(consumer, { recursive: true, force: true });
}

/** Tarballs by package name. Problems with what is packed set the exit code. */
async function packAll(): Promise<Record<string, string>> {
  const tarballs: Record<string, string> = {};
  for (const folder of readdirSync(join(root, 'packages')).toSorted()) {
    const pkgDir = join(root, 'packages', folder);
    const manifest = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8')) as Manifest;
    if (manifest.private === true) continue;
    const tarball = join(consumer, `${folder}.tgz`);
    execFileSync('pnpm', ['pack', '--out', tarball], { cwd: pkgDir, stdio: 'pipe' });
    const packed = new Uint8Array(readFileSync(tarball));
    const { messages } = await publint({ pack: { tarball: packed.buffer }, strict: true });
    const problems = [
      ...messages.map((message) => formatMessage(message, manifest) ?? message.code),
      ...(await typeProblems(packed)),
    ];
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exitCode = 1;
    console.log(`${manifest.name}: ${problems.length === 0 ? 'packs well' : 'has problems'}`);
    tarballs[manifest.name] = `file:${tarball}`;
  }
  return tarballs;
}

/** An empty project with the tarballs, and the consumer in it. */
function installInto(directory: string, tarballs: Record<string, string>): void {
  const others = Object.fromEntries(
    ['openai', '@anthropic-ai/sdk', 'ai', '@types/node'].map((name) => [name, versionOf(name)]),
  );
  // The types of the AI SDK need it and do not bring it along.
  const missing = { '@types/json-schema': '^7.0.15' };
  const dependencies = { ...tarballs, ...others, ...missing };
  const write = (name: string, value: unknown) =>
    writeFileSync(join(directory, name), JSON.stringify(value));
  write('package.json', { private: true, type: 'module', dependencies });
  // The packages name each other by version; the versions that are meant are not published yet.
  write('pnpm-workspace.yaml', { overrides: tarballs });
  write('tsconfig.json', {
    compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
    files: ['consumer.ts'],
  });
  copyFileSync(join(import.meta.dirname, 'consumer/consumer.ts'), join(directory, 'consumer.ts'));
  execFileSync('pnpm', ['install', '--prefer-offline'], { cwd: directory, stdio: 'pipe' });
}

/** The version of `name` that the client's own tests use. */
function versionOf(name: string): string {
  const path = join(root, 'packages/client/node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version;
}

function run(what: string, command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: consumer, stdio: ['ignore', 'pipe', 'inherit'] });
  console.log(`a project with the packed packages: ${what}`);
}
