/** Amendments to Google's prices in genai-prices 0.1.8 (published 2026-09-23). */
import type { Amendment } from './amendments.ts';

const PRICING = 'https://ai.google.dev/gemini-api/docs/pricing';
const RETRIEVED_ON = '2026-11-25';

/** Searches that ground an answer, by the query. Older models charge by the prompt, whatever it searched for. */
const GROUNDED_MODELS = [
  'gemini-3-flash-preview',
  'gemini-3-pro-preview',
  'gemini-3-pro-image-preview',
  'gemini-3.1-flash-lite',
  'gemini-3.1-flash-image-preview',
  'gemini-3.1-pro-preview',
  'gemini-3.5-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.6-flash',
  'gemini-3.7-flash',
  'gemini-3.8-flash',
];
const GROUNDING = { web_searches_kcount: 14 };

/** Models that the Gemini API serves for nothing and has no paid tier for. */
const FREE_MODELS = ['gemma-3', 'gemma-3n', 'gemma-4-26b-a4b-it', 'gemma-4-31b-it'];

export const GOOGLE_AMENDMENTS: readonly Amendment[] = [
  {
    model: 'gemini-4-neon',
    because: 'Released after the source.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    match: { equals: 'gemini-4-neon' },
    prices: { input_mtok: 3, cache_read_mtok: 0.15, output_mtok: 15, ...GROUNDING },
  },
  {
    model: 'gemini-4-hydrogen',
    because: 'Released after the source.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    match: { equals: 'gemini-4-hydrogen' },
    prices: { input_mtok: 1.5, cache_read_mtok: 0.075, output_mtok: 7.5, ...GROUNDING },
  },
  ...GROUNDED_MODELS.map((model) => ({
    model,
    because: 'The source has no price for searches.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    prices: GROUNDING,
  })),
  ...FREE_MODELS.map((model) => ({
    model,
    because: 'The source has no prices, which here would be unknown and not free.',
    source: PRICING,
    retrievedOn: RETRIEVED_ON,
    prices: { input_mtok: 0, output_mtok: 0 },
  })),
];
