/** What comes along with an entry point: whoever only meters must not load the prices of the whole world. */
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';

const SOURCES = join(import.meta.dirname, '../src');

/** Every module that `entry` loads when it runs, itself included. */
function loadedBy(entry: string): ReadonlySet<string> {
  const loaded = new Set<string>();
  const open = [join(SOURCES, entry)];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    const code = readFileSync(path, 'utf8');
    for (const [, typeOnly, from = ''] of code.matchAll(
      /^(?:import|export) (type )?[^;]*?from '(\.[^']+)';/gms,
    )) {
      if (typeOnly === undefined) open.push(join(path, '..', from));
    }
  }
  return new Set([...loaded].map((path) => relative(SOURCES, path)));
}

const isCatalogue = (path: string): boolean => path.startsWith('pricing/catalogue/');

it('the main entry, which the client imports, loads no catalogue', () => {
  const loaded = loadedBy('index.ts');
  expect(loaded.size).toBeGreaterThan(40);
  expect([...loaded].filter(isCatalogue)).toEqual([]);
});

it('the catalogue has an entry of its own, with a module for each provider', () => {
  const loaded = [...loadedBy('pricing/default-price-table.ts')].filter(isCatalogue);
  expect(loaded).toContain('pricing/catalogue/anthropic.ts');
  expect(loaded.length).toBeGreaterThan(40);
});
