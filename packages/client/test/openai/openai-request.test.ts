/** What is reserved for a request: never less than it can use. */
import { describe, expect, test } from 'vitest';
import { GPT_4O_MINI_IMAGE_TOKENS_MAX, IMAGE_TOKENS_MAX } from '../../src/openai/medium.ts';
import { modelRequestOf, type TextRoute } from '../../src/openai/openai-request.ts';

const requestOf = (route: TextRoute, body: object): ReturnType<typeof modelRequestOf> =>
  modelRequestOf(route, JSON.stringify({ model: 'gpt-4o', ...body }));

const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] });

describe('the cap', () => {
  test.each([
    ['chat', { max_completion_tokens: 7, max_tokens: 9 }, 7],
    ['chat', { max_tokens: 9 }, 9],
    ['chat', { max_tokens: 9, n: 3 }, 27],
    ['chat', { max_tokens: null }, undefined],
    ['chat', { max_output_tokens: 5 }, undefined],
    ['chat', {}, undefined],
    ['responses', { max_output_tokens: 5 }, 5],
    ['responses', { max_tokens: 5 }, undefined],
    ['embeddings', { input: 'x' }, 0],
    ['completions', { prompt: 'x' }, 16],
    ['completions', { prompt: 'x', max_tokens: 9, n: 2 }, 18],
    ['completions', { prompt: 'x', max_tokens: 9, n: 2, best_of: 3 }, 27],
    ['completions', { prompt: ['x', 'y'], max_tokens: 9 }, 18],
    ['completions', { prompt: [1, 2, 3], max_tokens: 9 }, 9],
    ['compact', { input: 'x', max_output_tokens: 9 }, undefined],
  ] as const)('of %s with %j is %j', (route, body, cap) => {
    expect(requestOf(route, body).outputTokensMax).toBe(cap);
  });
});

describe('the input', () => {
  test('is bounded by the bytes of the body, whatever it says', () => {
    const content = '한글 🙂 {"a":1}'.repeat(50);
    const { inputTokensMax, inputTokensExpected } = requestOf('chat', user(content));
    const bytes = new TextEncoder().encode(content).length;
    expect(inputTokensMax).toBeGreaterThanOrEqual(bytes);
    expect(inputTokensMax).toBeLessThan(bytes * 1.5 + 100);
    expect(inputTokensExpected).toBe(Math.ceil(bytes / 4));
  });

  const url = `data:image/png;base64,${'A'.repeat(100_000)}`;
  test.each([
    ['chat', user([{ type: 'image_url', image_url: { url } }])],
    [
      'responses',
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }] },
    ],
    [
      'responses',
      {
        input: [
          { type: 'computer_call_output', output: { type: 'computer_screenshot', image_url: url } },
        ],
      },
    ],
  ] as const)('counts an image of %s by itself and not by its base64', (route, body) => {
    const { inputTokensMax, inputTokensExpected } = requestOf(route, body);
    expect(inputTokensMax).toBeGreaterThan(IMAGE_TOKENS_MAX);
    expect(inputTokensMax).toBeLessThan(IMAGE_TOKENS_MAX + 200);
    expect(inputTokensExpected).toBe(IMAGE_TOKENS_MAX / 4);
    const mini = requestOf(route, { ...body, model: 'gpt-4o-mini' });
    expect(mini.inputTokensMax).toBeGreaterThan(GPT_4O_MINI_IMAGE_TOKENS_MAX);
  });

  test('counts every image', () => {
    const image = { type: 'image_url', image_url: { url: 'https://x.test/a.png' } };
    const one = requestOf('chat', user([image])).inputTokensMax;
    const three = requestOf('chat', user([image, image, image])).inputTokensMax;
    expect(three - one).toBeGreaterThanOrEqual(2 * IMAGE_TOKENS_MAX);
  });

  test('says whether the prompt may be cached for the longer time, wherever that is asked for', () => {
    const marked = [{ type: 'text', text: 'x', prompt_cache_breakpoint: { ttl: '12h' } }];
    expect(requestOf('chat', { ...user('x'), prompt_cache_options: { ttl: '12h' } })).toMatchObject(
      {
        longCache: true,
      },
    );
    expect(requestOf('chat', user(marked)).longCache).toBe(true);
    const short = { ...user('x'), prompt_cache_options: { ttl: '30m' } };
    expect(requestOf('chat', short).longCache).toBe(false);
  });

  test('counts sound by its length and says that there is some', () => {
    const { audio, inputTokensMax } = requestOf(
      'chat',
      user([{ type: 'input_audio', input_audio: { data: 'A'.repeat(13_300), format: 'mp3' } }]),
    );
    expect(audio).toBe(true);
    expect(inputTokensMax).toBeGreaterThanOrEqual(100);
    expect(inputTokensMax).toBeLessThan(400);
    expect(requestOf('chat', { ...user('hi'), modalities: ['text', 'audio'] }).audio).toBe(true);
    expect(requestOf('chat', user('hi')).audio).toBe(false);
  });

  test('counts token numbers one by one', () => {
    expect(requestOf('embeddings', { input: [[1, 2, 3], [4]] }).inputTokensExpected).toBe(4);
  });

  test('counts tools and schemas as text', () => {
    const parameters = { type: 'object', properties: { a: { description: 'x'.repeat(4_000) } } };
    const tools = [{ type: 'function', function: { name: 'f', parameters } }];
    expect(requestOf('chat', { ...user('hi'), tools }).inputTokensExpected).toBeGreaterThan(1_000);
  });

  test('may be nested as deeply as a body allows', () => {
    let content: unknown = 'deep';
    for (let depth = 0; depth < 4_000; depth += 1) content = [content];
    expect(requestOf('chat', user(content)).inputTokensExpected).toBe(1);
  });
});

describe('asking for usage', () => {
  const sent = (body: object): { hides: boolean; body: unknown; text: string } => {
    const { hidesUsage, text } = requestOf('chat', body);
    return { hides: hidesUsage, body: JSON.parse(text), text };
  };
  const include_usage = true;

  test('adds the option to a stream, and leaves the rest of the text as it was', () => {
    const text = '{ "model":"gpt-4o", "stream":true, "seed":1.0, "big":12345678901234567890 }';
    const request = modelRequestOf('chat', text);
    expect(request.text).toBe(text.replace('{', '{"stream_options":{"include_usage":true},'));
    expect(request.hidesUsage).toBe(true);
  });

  test('completes options that are there', () => {
    expect(sent({ stream: true, stream_options: { include_obfuscation: false } })).toMatchObject({
      hides: true,
      body: { stream_options: { include_obfuscation: false, include_usage } },
    });
    expect(sent({ stream: true, stream_options: null })).toMatchObject({
      body: { stream_options: { include_usage } },
    });
  });

  test('changes nothing where usage comes anyway', () => {
    for (const body of [
      {},
      { stream: false },
      { stream: true, stream_options: { include_usage } },
    ]) {
      expect(sent(body)).toMatchObject({
        hides: false,
        text: JSON.stringify({ model: 'gpt-4o', ...body }),
      });
    }
    expect(requestOf('responses', { stream: true }).hidesUsage).toBe(false);
  });
});

test.each(['', '{', '[]', '"x"', '{}', '{"model":1}', '{"model":""}'])(
  'the body %j is refused before it is sent',
  (text) => {
    expect(() => modelRequestOf('chat', text)).toThrow(
      expect.objectContaining({ code: 'input_invalid' }),
    );
  },
);
