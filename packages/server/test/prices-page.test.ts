/** The page about prices shows a file that a server would take. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstantMs, parsePriceFile, withPriceFile } from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { MID_NOVEMBER } from '@bursar/testkit';
import { expect, it } from 'vitest';

const PAGE = join(import.meta.dirname, '../../../docs/prices.md');

it('its example is a prices file, and means what the page says', async () => {
  const [, example = ''] = /```json\n(.*?)```/s.exec(await readFile(PAGE, 'utf8')) ?? [];
  const { models } = JSON.parse(example) as { models: unknown };
  const table = withPriceFile(DEFAULT_PRICE_TABLE, parsePriceFile({ models }), MID_NOVEMBER);
  const priceOf = (model: string, atMs: InstantMs = MID_NOVEMBER) => table.lookup(model, atMs);
  expect(priceOf('in-house')?.nanoUsdPerMillion.inputTokens).toBe(0);
  expect(priceOf('azure/my-deployment')?.model).toBe('gpt-4o');
  expect(table.lookup('my-deployment', MID_NOVEMBER, 'azure')?.model).toBe('gpt-4o');
  expect(priceOf('long')?.serviceTiers?.priority).toEqual([7, 4]);
  const later = Date.UTC(2027, 0, 1) as InstantMs;
  expect(priceOf('cheaper-next-year', later)?.nanoUsdPerMillion.inputTokens).toBe(2_000_000_000);
});
