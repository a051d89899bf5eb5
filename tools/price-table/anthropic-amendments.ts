/** Amendments to Anthropic's prices in genai-prices 0.1.8 (published 2026-09-23). */
import type { Amendment } from './amendments.ts';
import type { SourceMatch } from './source-catalogue.ts';

const PRICING = 'https://platform.claude.com/docs/en/about-claude/pricing';
const RETRIEVED_ON = '2026-11-25';

/** `family` itself and with a date, as Anthropic names its models. */
function named(family: string): SourceMatch {
  return { or: [{ equals: family }, { regex: `^${family}-\\d{8}$` }] };
}

/** Cache writes cost 1.25 and 2 times the input; searches ten dollars a thousand, as on every model. */
const OF_FABLE = {
  input_mtok: 10,
  cache_write_mtok: 12.5,
  cache_write_1h_mtok: 20,
  output_mtok: 50,
  web_searches_kcount: 10,
};
const OF_SONNET = {
  input_mtok: 2,
  cache_write_mtok: 2.5,
  cache_write_1h_mtok: 4,
  output_mtok: 10,
  web_searches_kcount: 10,
};

/** The whole call costs five times as much above 100,000 input tokens. */
function fivefold(base: number) {
  return { base, tiers: [{ start: 100_000, price: Math.round(base * 5_000) / 1_000 }] };
}

export const ANTHROPIC_AMENDMENTS: readonly Amendment[] = [
  {
    model: 'claude-haiku-5-5',
    because: 'Released on 2026-10-07, after the source.',
    source: 'https://platform.claude.com/docs/en/models/haiku-5-5/overview',
    retrievedOn: RETRIEVED_ON,
    match: named('claude-haiku-5-5'),
    prices: {
      input_mtok: fivefold(0.1),
      cache_read_mtok: fivefold(0.01),
      cache_write_mtok: fivefold(0.125),
      cache_write_1h_mtok: fivefold(0.2),
      output_mtok: fivefold(0.5),
      web_searches_kcount: 10,
    },
  },
  {
    model: 'claude-sonnet-5-5',
    because:
      'Released after the source, whose rule for claude-sonnet-5 covers it; cache reads cost half as much since 2026-10-07.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    match: named('claude-sonnet-5-5'),
    prices: [
      { prices: { ...OF_SONNET, cache_read_mtok: 0.2 } },
      {
        constraint: { type: 'start_date', start_date: '2026-10-07' },
        prices: { ...OF_SONNET, cache_read_mtok: 0.1 },
      },
    ],
  },
  {
    model: 'claude-mythos-5',
    because: 'The source lacks the models of limited availability, which cost what Fable does.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    match: named('claude-mythos-5'),
    prices: { ...OF_FABLE, cache_read_mtok: 1 },
  },
  {
    model: 'claude-mythos-5-1',
    because: 'The source lacks the models of limited availability, which cost what Fable does.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    match: named('claude-mythos-5-1'),
    prices: { ...OF_FABLE, cache_read_mtok: 0.25 },
  },
];
