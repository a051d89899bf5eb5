/** The page that operators read names every variable, token scope and default that the code has. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePriceOverrides } from '@bursar/core';
import { beforeAll, expect, it } from 'vitest';
import { readConfig, redactedConfig } from '../src/config.ts';
import { DEFAULTS } from '../src/defaults.ts';

let page: string;
beforeAll(async () => {
  page = await readFile(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
});

it('has exactly the variables that the server reads, with their defaults', async () => {
  const source = await readFile(join(import.meta.dirname, '../src/config.ts'), 'utf8');
  const read = new Set(
    source.match(/^ {2}(BURSAR_[A-Z_]+|DATABASE_URL|REDIS_URL)(?=:)/gm)?.map((name) => name.trim()),
  );
  const documented = new Set(page.match(/(?<=^\| `)[A-Z_]+(?=`)/gm));
  expect(documented).toEqual(read);
  for (const value of Object.values(DEFAULTS)) expect(page).toContain(`\`${value}\``);
  expect(redactedConfig(readConfig({}))).toMatchObject({ port: DEFAULTS.port });
});

it('shows a prices file that is one', () => {
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';
  const overrides = parsePriceOverrides(JSON.parse(example));
  expect(overrides.map(({ model }) => model)).toEqual([
    'my-fine-tune',
    'in-house',
    'cheaper-next-year',
  ]);
});
