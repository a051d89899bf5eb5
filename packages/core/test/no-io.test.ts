/** The wall around core: with the options it is compiled by, I/O and clocks do not even exist as names. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const CORE = join(import.meta.dirname, '../src');
const TSC = join(import.meta.dirname, '../../../node_modules/typescript/bin/tsc');
let directory: string;

beforeAll(async () => {
  // Beside the sources, so that the same options and the same package boundaries apply.
  directory = await mkdtemp(join(CORE, '..', 'no-io-'));
  const options = await readFile(join(CORE, 'tsconfig.json'), 'utf8');
  await writeFile(join(directory, 'tsconfig.json'), options.replaceAll('../dist/src', './dist'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each([
  ['a timer', 'setTimeout(() => {}, 1);', 'setTimeout'],
  ['the process', 'export const cwd: string = process.cwd();', 'process'],
  ['a Node module', "import { readFileSync } from 'node:fs'; readFileSync('x');", 'node:fs'],
  ['the network', "export const answer: unknown = fetch('http://localhost');", 'fetch'],
  ['the console', "console.log('x');", 'console'],
  ['another package', "import { z } from 'zod'; z.string();", 'zod'],
])('refuses to compile core with %s in it', async (_title, source, name) => {
  await writeFile(join(directory, 'probe.ts'), `${source}\nexport {};\n`);
  const compiled = promisify(execFile)(process.execPath, [TSC, '-p', directory]);
  await expect(compiled).rejects.toMatchObject({
    stdout: expect.stringMatching(
      new RegExp(`error TS2[0-9]+: Cannot find (name|module).*'${name}'`),
    ),
  });
});
