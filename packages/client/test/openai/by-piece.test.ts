/** Models that are charged by the minute, the character or the image: reserved before, settled exactly. */
import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { openWorld, REACHES, type World } from '../support/world.ts';
import { wav } from '../support/sounds.ts';

/** An image by what it costs, in nano-USD. */
const IMAGES = [
  { model: 'dall-e-2', size: '256x256', each: 16_000_000, usage: 'smallImages' },
  { model: 'dall-e-2', size: '512x512', each: 18_000_000, usage: 'mediumImages' },
  { model: 'dall-e-2', size: '1024x1024', each: 20_000_000, usage: 'images' },
  { model: 'dall-e-3', size: '1024x1024', each: 40_000_000, usage: 'images' },
  { model: 'dall-e-3', size: '1024x1792', each: 80_000_000, usage: 'largeImages' },
  { model: 'dall-e-3', size: '1024x1024', quality: 'hd', each: 80_000_000, usage: 'hdImages' },
  {
    model: 'dall-e-3',
    size: '1792x1024',
    quality: 'hd',
    each: 120_000_000,
    usage: 'largeHdImages',
  },
] as const;

interface Seen {
  held: number;
  cost: number;
  usage: unknown;
  basis: unknown;
}

/** What was set aside for the last call, what it cost, in nano-USD, and by what. */
async function watch(world: World, call: (openai: OpenAI) => Promise<unknown>): Promise<Seen> {
  const seen: Seen = { held: 0, cost: 0, usage: undefined, basis: undefined };
  const nano = (usd: string): number => Math.round(Number(usd) * 1e9);
  const openai = world.openai({
    onDecision: (_call, decision) => {
      if (decision.decision === 'allowed') seen.held = nano(decision.heldUsd);
    },
    onSettled: (_call, { costUsd, usage, basis }) => {
      Object.assign(seen, { cost: nano(costUsd), usage, basis });
    },
  });
  await call(openai);
  await world.bursar.settled();
  expect(await world.reservedUsd()).toBe('0.00');
  return seen;
}

describe('images by the piece', () => {
  test.each(IMAGES)('$model $size $quality', async ({ each, usage, ...request }) => {
    await using world = await openWorld('in-process');
    const seen = await watch(world, (openai) =>
      openai.images.generate({ prompt: 'a cat', n: 3, ...request }),
    );
    expect(seen).toMatchObject({ held: 3 * each, cost: 3 * each, usage: { [usage]: 3 } });
  });

  test('a request without a model or a size is one for the usual ones', async () => {
    await using world = await openWorld('in-process');
    const openai = world.openai();
    await openai.images.createVariation({ image: new File(['x'], 'x.png'), n: 2 });
    await openai.images.edit({ model: 'dall-e-2', prompt: 'hi', image: new File(['x'], 'x.png') });
    expect(await world.booked()).toMatchObject([
      { kind: 'settle', usage: { images: 2 } },
      { kind: 'settle', usage: { images: 1 } },
    ]);
  });

  test('what did not come is given back, and what nobody asked for is not charged', async () => {
    await using world = await openWorld('in-process');
    for (const made of [2, 9]) {
      const data = Array.from({ length: made }, () => ({ url: 'https://example.com' }));
      const fetch = world.bursar.fetch({ user: 'alice' }, async () => Response.json({ data }));
      const body = JSON.stringify({ model: 'dall-e-3', prompt: 'a cat', n: 3 });
      const url = 'https://api.openai.com/v1/images/generations';
      await (await fetch(url, { method: 'POST', body })).json();
    }
    expect(await world.booked()).toMatchObject([
      { usage: { images: 2 } },
      { usage: { images: 3 } },
    ]);
  });

  test('models that are charged by tokens are still charged by tokens', async () => {
    await using world = await openWorld('in-process');
    await world.openai().images.generate({ model: 'gpt-image-1', prompt: 'a cat', quality: 'low' });
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 2, imageOutputTokens: 272 } },
    ]);
  });
});

describe('speech by the character', () => {
  test.each([
    ['tts-1', 15_000],
    ['tts-1-hd', 30_000],
  ])('%s', async (model, each) => {
    await using world = await openWorld('in-process');
    // Twelve characters, of which some have two code units, and more bytes.
    const input = 'héllo, 世界 🎉!';
    const characters = 12;
    const seen = await watch(world, (openai) =>
      openai.audio.speech.create({ model, voice: 'alloy', input }),
    );
    const cost = characters * each;
    expect(seen).toMatchObject({ held: cost, cost, usage: { textCharacters: characters } });
  });
});

describe('transcriptions by the minute', () => {
  test.each(REACHES)('are settled by what the answer says, %s', async (reach) => {
    await using world = await openWorld(reach);
    // Five seconds; the provider takes it for six, by its size.
    const file = new File([wav({ seconds: 5, bytesPerSecond: 9_600 })], 'five.wav');
    const seen = await watch(world, (openai) =>
      openai.audio.transcriptions.create({ model: 'whisper-1', file }),
    );
    expect(seen).toMatchObject({ basis: 'reported', usage: { audioInputMilliseconds: 6_100 } });
    // 0.006 USD a minute: 100 nano-USD a millisecond.
    expect(seen.cost).toBe(6_100 * 100);
    expect(seen.held).toBeGreaterThanOrEqual(5_000 * 100);
    expect(seen.held).toBeLessThan(5_010 * 100);
  });

  test('without a report are settled by the length that the file says', async () => {
    await using world = await openWorld('in-process');
    const file = new File([wav({ seconds: 60, bytesPerSecond: 48_000 })], 'minute.wav');
    const seen = await watch(world, (openai) =>
      openai.audio.transcriptions.create({ model: 'whisper-1', file, response_format: 'srt' }),
    );
    expect(seen.basis).toBe('estimated');
    expect(seen.cost).toBe(seen.held);
    expect(Math.abs(seen.cost - 6_000_000)).toBeLessThan(200);
  });

  test('a file that says nothing about itself is bound by its size', async () => {
    await using world = await openWorld('in-process');
    const file = new File([new Uint8Array(8_000)], 'x.webm');
    const seen = await watch(world, (openai) =>
      openai.audio.transcriptions.create({ model: 'whisper-1', file }),
    );
    // Eight seconds at 8 kbit/s.
    expect(seen.held).toBe(8_000 * 100);
    expect(seen.cost).toBe(1_000 * 100);
  });

  test('models that are charged by tokens are still charged by tokens', async () => {
    await using world = await openWorld('in-process');
    const file = new File([wav({ seconds: 5, bytesPerSecond: 9_600 })], 'five.wav');
    await world.openai().audio.transcriptions.create({ model: 'gpt-4o-transcribe', file });
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { audioInputTokens: 61 } },
    ]);
  });
});

const CALLS: Readonly<Record<string, (openai: OpenAI) => Promise<unknown>>> = {
  'dall-e-3': (openai) => openai.images.generate({ model: 'dall-e-3', prompt: 'a cat' }),
  'dall-e-2, varied': (openai) =>
    openai.images.createVariation({ image: new File(['x'], 'x.png') }),
  'tts-1': (openai) => openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hi' }),
  'whisper-1': (openai) =>
    openai.audio.transcriptions.create({ model: 'whisper-1', file: new File(['xx'], 'x.mp3') }),
};

describe.each(Object.entries(CALLS))('%s', (_name, call) => {
  test('without money nothing is sent', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const error: unknown = await call(world.openai()).catch((thrown: unknown) => thrown);
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
    expect(world.provider.calls).toHaveLength(0);
  });

  test('a refusal by the provider gives everything back', async () => {
    await using world = await openWorld('in-process');
    const openai = world.openai({}, { defaultHeaders: { 'x-provider-status': '500' } });
    await expect(call(openai)).rejects.toMatchObject({ status: 500 });
    expect(await world.booked()).toMatchObject([{ kind: 'release' }]);
  });
});
