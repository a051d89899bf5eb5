import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findProvider, type MatchLogic } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { OPENAI_PRICES } from '../../src/pricing/catalogue/openai.ts';
import { checkPriceNumbers } from '../../src/pricing/check-price.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { comparableModel } from '../../src/pricing/model-match.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 23));

/** Ids that a match rule of the source names, and one for each of its patterns. */
function idsOf(match: MatchLogic): readonly string[] {
  if ('or' in match) return match.or.flatMap(idsOf);
  if ('and' in match) return [];
  if ('equals' in match) return [match.equals];
  if ('starts_with' in match) return [match.starts_with, `${match.starts_with}2024-08-06`];
  if ('regex' in match) {
    return [
      match.regex.slice(1, -1).replaceAll('\\.', '.').replace('\\d{4}-\\d{2}-\\d{2}', '2026-10-01'),
    ];
  }
  return [];
}

describe('the OpenAI catalogue', () => {
  test('is exactly what its generator makes of the installed source', { timeout: 30_000 }, () => {
    const root = fileURLToPath(new URL('../../../../', import.meta.url));
    const check = spawnSync(
      process.execPath,
      ['tools/run.mjs', 'tools/build-price-table.ts', '--check'],
      { cwd: root, encoding: 'utf8' },
    );
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });

  test('matches the same row as the source for every id that the source names', () => {
    const models = findProvider({ providerId: 'openai' })?.models ?? [];
    expect(models.length).toBeGreaterThan(90);
    const different: string[] = [];
    for (const { id, match } of models) {
      for (const name of idsOf(match)) {
        const found = DEFAULT_PRICE_TABLE.lookup(name, NOW)?.model;
        if (found !== id) different.push(`${name}: ${id} there, ${found} here`);
      }
    }
    expect(different).toEqual([]);
  });

  test('has only well-formed prices, and no id in two rows', () => {
    const seen = new Set<string>();
    for (const { model, ids, prices } of OPENAI_PRICES) {
      for (const id of ids) {
        expect(comparableModel(id), `${model}: ${id}`).toBe(id);
        expect(seen.has(id), `${id} is in two rows`).toBe(false);
        seen.add(id);
      }
      expect(prices[0]?.effectiveFromMs, model).toBeUndefined();
      for (const price of prices) expect(() => checkPriceNumbers(price, model)).not.toThrow();
    }
  });

  test('prices the hour of whisper-1 at 0.36 USD', () => {
    const price = DEFAULT_PRICE_TABLE.lookup('whisper-1', NOW);
    expect(price?.nanoUsdPerMillion).toEqual({ audioInputMilliseconds: 100_000_000 });
  });
});
