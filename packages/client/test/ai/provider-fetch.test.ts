/** The AI SDK's OpenAI provider over `bursar.fetch`: everything that it can do is metered one layer below. */
import { createOpenAI, type OpenAIProvider } from '@ai-sdk/openai';
import {
  APICallError,
  embed,
  generateImage,
  generateSpeech,
  generateText,
  streamText,
  transcribe,
} from 'ai';
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { MODEL, openWorld, prompt, type World } from '../support/world.ts';

const providerOf = (world: World): OpenAIProvider =>
  createOpenAI({
    apiKey: 'sk-test',
    baseURL: world.provider.url,
    fetch: world.bursar.fetch({ user: 'alice' }),
  });

const maxRetries = 2;
const messages = [prompt(5)];

const CALLS: Readonly<Record<string, (openai: OpenAIProvider) => PromiseLike<unknown>>> = {
  'a text over responses': (openai) =>
    generateText({ model: openai.responses(MODEL), messages, maxRetries }),
  'a text over chat': (openai) => generateText({ model: openai.chat(MODEL), messages, maxRetries }),
  'an embedding': (openai) =>
    embed({ model: openai.embedding('text-embedding-3-small'), value: 'one two', maxRetries }),
  'an image': (openai) =>
    generateImage({ model: openai.image('gpt-image-1'), prompt: 'a cat', maxRetries }),
  speech: (openai) =>
    generateSpeech({ model: openai.speech('gpt-4o-mini-tts'), text: 'one two', maxRetries }),
  'a transcript': (openai) =>
    transcribe({
      model: openai.transcription('gpt-4o-transcribe'),
      audio: new Uint8Array(8_000),
      maxRetries,
    }),
};

describe.each(Object.entries(CALLS))('%s', (_name, call) => {
  test('is answered and booked once', async () => {
    await using world = await openWorld('in-process');
    await call(providerOf(world));
    expect(await world.booked()).toHaveLength(1);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('without money is denied at once, and nothing is sent', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const error: unknown = await Promise.resolve(call(providerOf(world))).catch(
      (reason: unknown) => reason,
    );
    expect(APICallError.isInstance(error)).toBe(true);
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
    expect(world.provider.calls).toHaveLength(0);
  });
});

test('a stream is settled as reported', async () => {
  await using world = await openWorld('in-process');
  const { textStream } = streamText({ model: providerOf(world)(MODEL), messages });
  for await (const _ of textStream);
  expect(await world.booked()).toMatchObject([{ basis: 'reported', usage: { inputTokens: 5 } }]);
});
