/** Images, sound and the legacy completions: reserved by a bound, settled by what the provider says, or by a guess. */
import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { openWorld, type World } from '../support/world.ts';

const image = { model: 'gpt-image-1', prompt: 'a small cat', quality: 'low' } as const;
const speech = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'word word word word' } as const;
const sound = (): File => new File([new Uint8Array(8_000)], 'sound.mp3', { type: 'audio/mpeg' });
const picture = (): File => new File([new Uint8Array(100)], 'cat.png', { type: 'image/png' });

async function readEvents(stream: AsyncIterable<{ type: string }>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types;
}

/** Every call here, so that a denial of each can be seen. */
const CALLS: Readonly<Record<string, (openai: OpenAI) => Promise<unknown>>> = {
  'images.generate': (openai) => openai.images.generate(image),
  'images.edit': (openai) => openai.images.edit({ ...image, image: picture() }),
  'audio.speech.create': (openai) => openai.audio.speech.create(speech),
  'audio.transcriptions.create': (openai) =>
    openai.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: sound() }),
  'completions.create': (openai) =>
    openai.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'one two' }),
};

describe.each(Object.entries(CALLS))('%s', (_name, call) => {
  test('without money nothing is sent', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const error: unknown = await call(world.openai({}, { maxRetries: 5 })).then(
      () => expect.unreachable('the call was to be denied'),
      (reason: unknown) => reason,
    );
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
    expect(world.provider.calls).toHaveLength(0);
  });

  test('no more is charged than was set aside', async () => {
    await using world = await openWorld('in-process');
    const seen = await watch(world, {}, call);
    expect(seen.held).toBeGreaterThan(0);
    expect(seen.cost).toBeGreaterThan(0);
    expect(seen.cost).toBeLessThanOrEqual(seen.held);
    expect(await world.reservedUsd()).toBe('0.00');
  });
});

/** What was set aside for a call, and what it cost, in USD. */
async function watch(
  world: World,
  options: Partial<WrapOptions>,
  call: (openai: OpenAI) => Promise<unknown>,
): Promise<{ readonly held: number; readonly cost: number }> {
  let held = 0;
  let cost = 0;
  const openai = world.openai({
    ...options,
    onDecision: (_call, decision) => {
      if (decision.decision === 'allowed') held = Number(decision.heldUsd);
    },
    onSettled: (_call, { costUsd }) => {
      cost = Number(costUsd);
    },
  });
  await call(openai);
  await world.bursar.settled();
  return { held, cost };
}

describe('images', () => {
  test('are settled as reported, each kind of token in its class', async () => {
    await using world = await openWorld('in-process');
    const answer = await world.openai().images.generate({ ...image, n: 2 });
    expect(answer.data).toHaveLength(2);
    await world.openai().images.edit({ ...image, image: [picture(), picture()] });
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 3, imageOutputTokens: 544 } },
      {
        basis: 'reported',
        usage: { inputTokens: 3, imageInputTokens: 388, imageOutputTokens: 272 },
      },
    ]);
  });

  test('come as a stream too', async () => {
    await using world = await openWorld('in-process');
    const stream = await world
      .openai()
      .images.generate({ ...image, stream: true, partial_images: 2 });
    expect(await readEvents(stream)).toEqual([
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
    ]);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { imageOutputTokens: 272 } },
    ]);
  });

  test('without a report are charged at the most that they may have', async () => {
    await using world = await openWorld('in-process');
    await world.openai().images.generate(image, { headers: { 'x-provider-no-usage': '1' } });
    expect(await world.booked()).toMatchObject([
      { basis: 'estimated', usage: { imageOutputTokens: 1_024 } },
    ]);
  });

  test('of higher quality, and larger ones, have more set aside', async () => {
    await using world = await openWorld('in-process');
    const heldFor = async (more: object): Promise<number> =>
      (await watch(world, {}, (openai) => openai.images.generate({ ...image, ...more }))).held;
    const low = await heldFor({});
    expect(await heldFor({ quality: 'medium' })).toBeGreaterThan(low * 1.9);
    expect(await heldFor({ n: 3 })).toBeGreaterThan(low * 2.9);
    expect(await heldFor({ size: '2048x2048' })).toBeGreaterThan(low * 2.9);
  });

  test('of a model without a price are refused, and with `allow` sent unmetered', async () => {
    await using world = await openWorld('in-process');
    const unpriced = { model: 'flux-1', prompt: 'a cat' };
    await expect(world.openai().images.generate(unpriced)).rejects.toMatchObject({
      status: 412,
      code: 'price_unknown',
    });
    expect(world.provider.calls).toHaveLength(0);
    const lenient = world.openai({ unmeteredRoutes: 'allow' });
    await expect(lenient.images.generate(unpriced)).rejects.toMatchObject({ status: 404 });
    expect(world.provider.calls).toHaveLength(1);
    expect(await world.booked()).toEqual([]);
  });
});

describe('speech', () => {
  test('is passed on as it comes, and estimated by its text', async () => {
    await using world = await openWorld('in-process');
    const answer = await world.openai().audio.speech.create(speech);
    expect((await answer.arrayBuffer()).byteLength).toBe(4 * 8 * 800);
    expect(await world.booked()).toMatchObject([
      { basis: 'estimated', usage: { outputTokens: Math.ceil(19 * 1.4) } },
    ]);
  });

  test('as events is settled as reported', async () => {
    await using world = await openWorld('in-process');
    const answer = await world.openai().audio.speech.create({ ...speech, stream_format: 'sse' });
    expect(await answer.text()).toContain('speech.audio.done');
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 4, outputTokens: 32 } },
    ]);
  });
});

describe('transcriptions', () => {
  const request = (): { model: string; file: File } => ({
    model: 'gpt-4o-transcribe',
    file: sound(),
  });

  test('are settled as reported, translations alike', async () => {
    await using world = await openWorld('in-process');
    const headers = { 'x-provider-output-tokens': '12' };
    await world.openai().audio.transcriptions.create(request(), { headers });
    await world.openai().audio.translations.create(request(), { headers });
    const booked = { basis: 'reported', usage: { audioInputTokens: 10, outputTokens: 12 } };
    expect(await world.booked()).toMatchObject([booked, booked]);
  });

  test('come as a stream too', async () => {
    await using world = await openWorld('in-process');
    const stream = await world.openai().audio.transcriptions.create({ ...request(), stream: true });
    expect((await readEvents(stream)).at(-1)).toBe('transcript.text.done');
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { audioInputTokens: 10 } },
    ]);
  });

  test('as plain text say nothing, and are estimated by sound and text', async () => {
    await using world = await openWorld('in-process');
    const text = await world
      .openai()
      .audio.transcriptions.create({ ...request(), response_format: 'text' });
    expect(text).toEqual(expect.any(String));
    expect(await world.booked()).toMatchObject([
      { basis: 'estimated', usage: { audioInputTokens: 10 } },
    ]);
  });
});

describe('legacy completions', () => {
  const request = { model: 'gpt-3.5-turbo-instruct', prompt: ['one two', 'three'], max_tokens: 9 };

  test('are settled as reported', async () => {
    await using world = await openWorld('in-process');
    const answer = await world.openai().completions.create(request);
    expect(answer.choices).toHaveLength(2);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 3, outputTokens: 18 } },
    ]);
  });

  test('stream without showing the usage that was asked for', async () => {
    await using world = await openWorld('in-process');
    const stream = await world.openai().completions.create({ ...request, stream: true });
    for await (const chunk of stream) expect(chunk.choices).not.toHaveLength(0);
    expect(await world.booked()).toMatchObject([
      { basis: 'reported', usage: { inputTokens: 3, outputTokens: 18 } },
    ]);
  });
});
