/** Images, sound, moderations and legacy completions, as the openai package sees them. */
import { expect, test } from 'vitest';
import { openProvider } from './open-provider.ts';

test('images have the tokens of their quality, and those that go in their own', async () => {
  const { client, provider } = await openProvider();
  const image = { model: 'gpt-image-1', prompt: 'a cat', quality: 'high' as const };
  const made = await client.images.generate({ ...image, n: 2 });
  expect(made.data?.map(({ b64_json }) => typeof b64_json)).toEqual(['string', 'string']);
  expect(made.usage).toMatchObject({ input_tokens: 2, output_tokens: 8_320 });
  const file = new File([new Uint8Array(9)], 'cat.png', { type: 'image/png' });
  const edited = await client.images.edit({ ...image, image: file });
  expect(edited.usage).toMatchObject({
    input_tokens: 196,
    input_tokens_details: { text_tokens: 2, image_tokens: 194 },
    output_tokens: 4_160,
  });
  expect(provider.totals()).toMatchObject({ promptTokens: 198, outputTokens: 12_480 });
});

test('speech is as long as its text, as sound and as events', async () => {
  const { client } = await openProvider();
  const speech = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'one two' };
  const sound = await client.audio.speech.create(speech);
  expect(sound.headers.get('content-type')).toBe('audio/mpeg');
  expect((await sound.arrayBuffer()).byteLength).toBe(2 * 8 * 800);
  const events = await (
    await client.audio.speech.create({ ...speech, stream_format: 'sse' })
  ).text();
  expect(events.match(/speech\.audio\.delta/g)).toHaveLength(16);
  expect(events).toContain('"output_tokens":16');
});

test('a transcript has as many tokens of sound as its file is long; the older model is charged by time', async () => {
  const { client } = await openProvider();
  const file = (): File => new File([new Uint8Array(8_000)], 'sound.mp3', { type: 'audio/mpeg' });
  const heard = await client.audio.transcriptions.create({
    model: 'gpt-4o-transcribe',
    file: file(),
  });
  expect(heard.usage).toMatchObject({ input_token_details: { audio_tokens: 10 } });
  const timed = await client.audio.transcriptions.create({ model: 'whisper-1', file: file() });
  expect(timed.usage).toEqual({ type: 'duration', seconds: 1 });
});

test('legacy completions answer each prompt, and stop at sixteen tokens', async () => {
  const { client } = await openProvider();
  const request = { model: 'gpt-3.5-turbo-instruct', prompt: ['one', 'two three'], n: 2 };
  const { choices, usage } = await client.completions.create(request);
  expect(choices.map(({ finish_reason }) => finish_reason)).toEqual(Array(4).fill('length'));
  expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 64 });
});

test('nothing is flagged, and nothing charged for looking', async () => {
  const { client, provider } = await openProvider();
  const { results } = await client.moderations.create({ input: ['one', 'two'] });
  expect(results.map(({ flagged }) => flagged)).toEqual([false, false]);
  expect(provider.totals().promptTokens).toBe(0);
});

test('a response in the background can be cancelled', async () => {
  const { client } = await openProvider();
  const { id } = await client.responses.create({ model: 'gpt-4o', input: 'hi', background: true });
  expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
});
