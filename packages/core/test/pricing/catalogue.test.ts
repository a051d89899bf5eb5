/** The catalogue: made by its generator, well-formed, found under the names that its source knows. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { calcPrice, type MatchLogic, waitForUpdate } from '@pydantic/genai-prices';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, CATALOGUE_DATE, CATALOGUE_VERSION } from '../../src/pricing/catalogue/index.ts';
import { checkPriceNumbers } from '../../src/pricing/check-price.ts';
import { DEFAULT_PRICE_TABLE } from '../../src/pricing/default-price-table.ts';
import { comparableModel, MODEL_LENGTH_MAX } from '../../src/pricing/model-match.ts';
import { providersOf } from '../../src/pricing/price-table.ts';
import { instant } from '../../src/time.ts';

const NOW = instant(Date.UTC(2026, 10, 25));
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

/** Runs the generator in the repository, which it leaves as it is unless it accepts what it is asked for. */
function generate(...options: readonly string[]) {
  return spawnSync(process.execPath, ['tools/run.mjs', 'tools/build-price-table.ts', ...options], {
    cwd: ROOT,
    encoding: 'utf8',
  });
}

/** Ids that a match rule of the source names, and one for each of its patterns. */
function idsOf(match: MatchLogic): readonly string[] {
  if ('or' in match) return match.or.flatMap(idsOf);
  if ('equals' in match) return [match.equals];
  if ('starts_with' in match) return [match.starts_with, `${match.starts_with}20240806`];
  if ('contains' in match) return [match.contains, `us.${match.contains}-v1:0`];
  if ('ends_with' in match) return [match.ends_with, `global/${match.ends_with}`];
  if ('and' in match) return match.and.flatMap(idsOf);
  const literal = match.regex.replace(/^\^/, '').replace(/\$$/, '');
  if (literal.includes('(?!')) return [];
  return [
    literal
      .replaceAll(/\\([.[\]])/g, '$1')
      .replace('\\d{4}-\\d{2}-\\d{2}', '2026-10-01')
      .replace('\\d{8}', '20261001')
      .replace('\\d', '3'),
  ];
}

/** Ids that the source gives to a model and the amendments do not: anything that contains "moderation". */
const NOT_RECOGNISED = new Set(['openai/moderation', 'openai/us.moderation-v1:0']);

describe('the catalogue', () => {
  test('is exactly what its generator makes of the installed source', { timeout: 60_000 }, () => {
    const check = generate('--check');
    expect(check.stderr).toBe('');
    expect(check.status).toBe(0);
  });

  test('is not replaced by an older one', { timeout: 60_000 }, () => {
    const older = generate('--date', '2026-01-01');
    expect(older.status).toBe(1);
    expect(older.stderr).toContain(`the present table is of ${CATALOGUE_DATE}`);
    expect(older.stderr).toContain('nothing was written');
    expect(older.stdout).toContain('left out:\n  openai: gpt-oss-120b: not sold by OpenAI');
    expect(generate('--check').status).toBe(0);
  });

  test('says its version and its date', () => {
    expect(CATALOGUE_DATE).toMatch(/^2026-[0-9]{2}-[0-9]{2}$/);
    expect(CATALOGUE_VERSION).toMatch(
      new RegExp(`^genai-prices-0\\.1\\.8-${CATALOGUE_DATE}-[0-9a-f]{8}$`),
    );
    expect(DEFAULT_PRICE_TABLE.source.date).toBe(CATALOGUE_DATE);
  });

  test('finds the same model as the source for every id that the source names, at every provider', async () => {
    const different: string[] = [];
    let ids = 0;
    for (const { id: providerId, models } of (await waitForUpdate()) ?? []) {
      for (const { match } of models) {
        for (const name of idsOf(match)) {
          if (name.length > MODEL_LENGTH_MAX) continue;
          ids += 1;
          const theirs = calcPrice({}, name, { providerId })?.model.id;
          const ours = DEFAULT_PRICE_TABLE.lookup(name, NOW, providerId)?.model;
          const isLeftOut = ours === undefined && isUnknownHere(providerId, theirs);
          if (ours !== theirs && !isLeftOut && !NOT_RECOGNISED.has(`${providerId}/${name}`)) {
            different.push(`${providerId} ${name}: ${theirs} there, ${ours} here`);
          }
        }
      }
    }
    expect(different).toEqual([]);
    expect(ids).toBeGreaterThan(2_000);
  });

  test('has only well-formed prices, an undated one first, and no id in two rows of a provider', () => {
    for (const { provider, rows } of CATALOGUE) {
      const seen = new Set<string>();
      for (const { model, ids, prices } of rows) {
        const name = `${provider}/${model}`;
        for (const id of ids) {
          expect(comparableModel(id), `${name}: ${id}`).toBe(id);
          expect(seen.has(id), `${id} is in two rows of ${provider}`).toBe(false);
          seen.add(id);
        }
        expect(prices[0]?.effectiveFromMs ?? prices[0]?.dailyUtc, name).toBeUndefined();
        for (const price of prices) expect(() => checkPriceNumbers(price, name)).not.toThrow();
      }
    }
  });

  test('prices the hour of whisper-1 at 0.36 USD', () => {
    const price = DEFAULT_PRICE_TABLE.lookup('whisper-1', NOW);
    expect(price?.nanoUsdPerMillion).toEqual({ audioInputMilliseconds: 100_000_000 });
  });
});

describe('a model without its provider', () => {
  test.each([
    ['gpt-4o', 'openai'],
    ['claude-opus-5-20260724', 'anthropic'],
    ['claude-opus-5@20260724', 'google'],
    ['us.anthropic.claude-opus-5-v1:0', 'aws'],
    ['gemini-2.5-pro', 'google'],
    ['models/gemini-2.5-pro', 'google'],
    ['mistral-large-latest', 'mistral'],
    ['deepseek-chat', 'deepseek'],
    ['grok-4', 'x-ai'],
    ['sonar-pro', 'perplexity'],
    ['@cf/openai/gpt-oss-20b', 'cloudflare'],
    ['accounts/fireworks/models/gpt-oss-120b', 'fireworks'],
  ])('%s is sold by %s', (model, provider) => {
    expect(DEFAULT_PRICE_TABLE.lookup(model, NOW)?.provider).toBe(provider);
  });

  test.each([
    ['anthropic/claude-opus-5', 'anthropic', 'claude-opus-5'],
    ['xai/grok-4', 'x-ai', 'grok-4-0709'],
    ['bedrock/us.anthropic.claude-opus-5', 'aws', 'regional.anthropic.claude-opus-5'],
    ['vertex_ai/claude-opus-5', 'google', 'claude-opus-5'],
    ['groq/llama-3.3-70b-versatile', 'groq', 'llama-3.3-70b-versatile'],
    ['openrouter/anthropic/claude-sonnet-4', 'openrouter', 'anthropic/claude-sonnet-4'],
    ['together/meta-llama/Llama-3-8b-chat-hf', 'together', 'meta-llama/Llama-3-8b-chat-hf'],
    // Azure charges what OpenAI does, where it lists nothing itself.
    ['azure/gpt-5', 'openai', 'gpt-5'],
  ])('is read from its prefix: %s', (model, provider, row) => {
    expect(DEFAULT_PRICE_TABLE.lookup(model, NOW)).toMatchObject({ provider, model: row });
  });

  test.each([
    ['openai/gpt-oss-120b', 'groq'],
    ['llama-3.3-70b-versatile', 'groq'],
    ['meta-llama/llama-3.3-70b-instruct', 'huggingface_groq'],
  ])('is unknown when it only has sellers: %s', (model, seller) => {
    expect(DEFAULT_PRICE_TABLE.lookup(model, NOW)).toBeUndefined();
    expect(providersOf(DEFAULT_PRICE_TABLE, model, NOW)).toContain(seller);
  });

  test('has the dearest of the prices that makers of the same name ask', () => {
    const cheaper: string[] = [];
    for (const { provider, isImplied, rows } of CATALOGUE) {
      // Bedrock's own names for Claude are those of its maker, at whose price it is then charged.
      if (isImplied !== true || provider === 'aws') continue;
      for (const { ids } of rows) {
        for (const id of ids) {
          const alone = DEFAULT_PRICE_TABLE.lookup(id, NOW)?.nanoUsdPerMillion;
          const there = DEFAULT_PRICE_TABLE.lookup(id, NOW, provider)?.nanoUsdPerMillion;
          for (const name of ['inputTokens', 'outputTokens'] as const) {
            if ((alone?.[name] ?? 0) < (there?.[name] ?? 0)) cheaper.push(`${provider} ${id}`);
          }
        }
      }
    }
    expect(cheaper).toEqual([]);
  });
});

/** Whether the source gives `model` a price only in name: none, or that of another seller. */
function isUnknownHere(provider: string, model: string | undefined): boolean {
  const rows = CATALOGUE.find((prices) => prices.provider === provider)?.rows ?? [];
  return !rows.some((row) => row.model === model);
}
