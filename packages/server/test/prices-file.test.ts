/** The operator's own prices. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { MID_NOVEMBER } from '@bursar/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPrices } from '../src/prices-file.ts';
import { refusalOf } from './support/refusal.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bursar-prices-'));
});

afterAll(() => rm(directory, { recursive: true }));

async function fileWith(content: string): Promise<string> {
  const path = join(directory, 'prices.json');
  await writeFile(path, content);
  return path;
}

describe('the prices', () => {
  it('are the catalogue when there is no file', async () => {
    expect(await readPrices(null, MID_NOVEMBER)).toBe(DEFAULT_PRICE_TABLE);
  });

  it('of the file come before the catalogue, under a version of their own', async () => {
    const path = await fileWith('{"my-model":{"inputTokens":"2.50","outputTokens":"10"}}');
    const prices = await readPrices(path, MID_NOVEMBER);
    expect(prices.version).not.toBe(DEFAULT_PRICE_TABLE.version);
    expect(prices.lookup('my-model', MID_NOVEMBER)?.nanoUsdPerMillion).toEqual({
      inputTokens: 2_500_000_000,
      outputTokens: 10_000_000_000,
    });
    expect(prices.lookup('gpt-4o', MID_NOVEMBER)).toBeDefined();
  });

  it.each([
    ['that is no JSON', '{', 'BURSAR_PRICES_FILE'],
    ['with a float', '{"m":{"inputTokens":2.5}}', 'prices.m.inputTokens'],
    ['with a negative price', '{"m":{"inputTokens":"-1"}}', 'prices.m.inputTokens'],
    ['with an unknown class', '{"m":{"goldTokens":"1"}}', 'prices.m.goldTokens'],
    ['with a slip of the unit', '{"gpt-4o":{"inputTokens":"2500"}}', 'prices.gpt-4o.inputTokens'],
    ['from before the catalogue', '{"date":"2026-01-01","models":{}}', 'prices.date'],
  ])('of a file %s are refused, naming the place', async (_what, content, field) => {
    expect(await refusalOf(readPrices(await fileWith(content), MID_NOVEMBER))).toMatchObject({
      field,
    });
  });

  it('of a file that does not exist are refused, naming variable and file', async () => {
    const refusal = await refusalOf(readPrices(join(directory, 'missing.json'), MID_NOVEMBER));
    expect(refusal).toMatchObject({ field: 'BURSAR_PRICES_FILE' });
    expect(refusal.message).toContain('missing.json');
  });
});
