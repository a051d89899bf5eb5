/** Amendments to the prices of other providers in genai-prices 0.1.8 (published 2026-09-23). */
import type { Amendment } from './amendments.ts';

/** Twice the price for everything from 200,000 input tokens on. */
function longContext(base: number) {
  return { base, tiers: [{ start: 199_999, price: base * 2 }] };
}

export const X_AI_AMENDMENTS: readonly Amendment[] = [
  {
    model: 'grok-4.7',
    because: 'Released after the source.',
    source: 'https://docs.x.ai/developers/pricing',
    retrievedOn: '2026-11-25',
    match: { or: [{ equals: 'grok-4.7' }, { equals: 'grok-4.7-latest' }] },
    prices: {
      input_mtok: longContext(2),
      cache_read_mtok: longContext(0.5),
      output_mtok: longContext(6),
    },
  },
];

/** The source's arithmetic has this in its code, not in its data. */
const TEN_SECONDS = { audioInputMilliseconds: 10_000 };

export const GROQ_AMENDMENTS: readonly Amendment[] = [
  'whisper-large-v3',
  'whisper-large-v3-turbo',
].map((model) => ({
  model,
  because: 'Groq charges at least ten seconds for each transcription.',
  source: `https://console.groq.com/docs/model/${model}`,
  retrievedOn: '2026-11-25',
  minimumUnits: TEN_SECONDS,
}));
