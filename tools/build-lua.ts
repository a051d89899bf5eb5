/** Writes the descriptors of the Lua scripts; `--check` fails instead if they are out of date. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './lua/descriptor.ts';

const packageFolder = join(import.meta.dirname, '../packages/lua-scripts');
const target = join(packageFolder, 'src/generated');
const files = generatedFiles(packageFolder);
const isCheck = process.argv.includes('--check');
mkdirSync(target, { recursive: true });
const present = new Map(
  readdirSync(target).map((name) => [name, readFileSync(join(target, name), 'utf8')]),
);
const stale = [...new Set([...files.keys(), ...present.keys()])].filter(
  (name) => files.get(name) !== present.get(name),
);
if (isCheck && stale.length > 0) {
  console.error(
    `Out of date in packages/lua-scripts/src/generated: ${stale.join(', ')}. Fix: pnpm build:lua`,
  );
  process.exitCode = 1;
}
if (!isCheck) {
  for (const name of stale) {
    const text = files.get(name);
    if (text === undefined) rmSync(join(target, name));
    else writeFileSync(join(target, name), text);
  }
}
