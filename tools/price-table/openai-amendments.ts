/** Amendments to OpenAI's prices in genai-prices 0.1.8 (published 2026-09-23). */
import type { Amendment } from './amendments.ts';

const HOSTED_TOOLS = { web_searches_kcount: 10, storage_searches_kcount: 2.5 };

/** Twice the price for input and one and a half times for output above 272,000 input tokens. */
function longContext(input: number, output: number, cacheRead: number, cacheWrite: number) {
  const tier = (base: number, price: number) => ({ base, tiers: [{ start: 272_000, price }] });
  return {
    input_mtok: tier(input, input * 2),
    cache_read_mtok: tier(cacheRead, cacheRead * 2),
    cache_write_mtok: tier(cacheWrite, cacheWrite * 2),
    output_mtok: tier(output, output * 1.5),
    ...HOSTED_TOOLS,
  };
}

const SHUT_DOWN =
  'OpenAI itself has shut the model down; these were its last prices, for those who still serve it.';
/** A copy of openai.com/pricing; the model pages have no prices any more. */
const LAST_IMAGE_PRICES = 'https://github.com/kevinhermawan/Canvas/blob/main/model-info.json';

export const OPENAI_AMENDMENTS: readonly Amendment[] = [
  {
    model: 'gpt-4o-audio-preview',
    because:
      'The source has text prices only, and audio tokens cost sixteen times as much as text.',
    source: 'https://developers.openai.com/api/docs/models/gpt-4o-audio-preview.md',
    retrievedOn: '2026-11-23',
    prices: { input_audio_mtok: 40, output_audio_mtok: 80 },
  },
  {
    model: 'gpt-4o-mini-audio-preview',
    because: 'The source has text prices only.',
    source: 'https://developers.openai.com/api/docs/models/gpt-4o-mini-audio-preview.md',
    retrievedOn: '2026-11-23',
    prices: { input_audio_mtok: 10, output_audio_mtok: 20 },
  },
  {
    model: 'moderation',
    because:
      'The source has no prices, which here would be unknown and not free; and it matches any name that contains "moderation", which would give a free price to models nobody has looked at.',
    source: 'https://developers.openai.com/api/docs/guides/moderation',
    retrievedOn: '2026-11-23',
    prices: { input_mtok: 0, output_mtok: 0 },
    match: { or: [{ starts_with: 'omni-moderation-' }, { starts_with: 'text-moderation-' }] },
  },
  {
    model: 'gpt-6.2-astra',
    because: 'Released after the source.',
    source: 'https://developers.openai.com/api/docs/models/gpt-6.2-astra',
    retrievedOn: '2026-11-25',
    match: { equals: 'gpt-6.2-astra' },
    prices: longContext(8, 40, 0.4, 10),
  },
  {
    model: 'gpt-6.1-sol',
    because: 'Released on 2026-09-29, after the source.',
    source: 'https://developers.openai.com/api/docs/models/gpt-6.1-sol',
    retrievedOn: '2026-11-23',
    match: { or: [{ equals: 'gpt-6.1-sol' }, { equals: 'gpt-6.1-sol-2026-09-29' }] },
    prices: longContext(2, 10, 0.1, 2.5),
  },
  {
    model: 'gpt-6.2-sol',
    because: 'Released on 2026-11-17, after the source.',
    source: 'https://developers.openai.com/api/docs/models/gpt-6.2-sol.md',
    retrievedOn: '2026-11-23',
    match: { equals: 'gpt-6.2-sol' },
    prices: {
      ...longContext(2, 10, 0.1, 2.5),
      cache_write_12h_mtok: { base: 5, tiers: [{ start: 272_000, price: 10 }] },
    },
  },
  {
    model: 'tts-1',
    because: 'The source has no prices by the character.',
    source: 'https://developers.openai.com/api/docs/models/tts-1',
    retrievedOn: '2026-11-30',
    match: { or: [{ equals: 'tts-1' }, { equals: 'tts-1-1106' }] },
    prices: { input_mcharacters: 15 },
  },
  {
    model: 'tts-1-hd',
    because: 'The source has no prices by the character.',
    source: 'https://developers.openai.com/api/docs/models/tts-1-hd.md',
    retrievedOn: '2026-11-30',
    match: { or: [{ equals: 'tts-1-hd' }, { equals: 'tts-1-hd-1106' }] },
    prices: { input_mcharacters: 30 },
  },
  {
    model: 'dall-e-2',
    because: `The source has no prices by the piece. ${SHUT_DOWN}`,
    source: LAST_IMAGE_PRICES,
    retrievedOn: '2026-11-30',
    match: { equals: 'dall-e-2' },
    prices: { small_images_kcount: 16, medium_images_kcount: 18, images_kcount: 20 },
  },
  {
    model: 'dall-e-3',
    because: `The source has no prices by the piece. ${SHUT_DOWN}`,
    source: LAST_IMAGE_PRICES,
    retrievedOn: '2026-11-30',
    match: { equals: 'dall-e-3' },
    prices: {
      images_kcount: 40,
      large_images_kcount: 80,
      hd_images_kcount: 80,
      large_hd_images_kcount: 120,
    },
  },
];
