import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

test('a prompt of N words is N prompt tokens, and each word of the answer is one', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [{ role: 'system', content: 'be  brief\n' }, ...promptOf(1000)],
  });
  const text = completion.choices[0]?.message.content ?? '';
  const words = text.split(' ').length;
  expect(completion.usage).toMatchObject({
    prompt_tokens: 1002,
    completion_tokens: words,
    total_tokens: 1002 + words,
  });
  expect(words).toBeGreaterThanOrEqual(20);
  expect(words).toBeLessThanOrEqual(120);
  expect(completion.choices[0]?.finish_reason).toBe('stop');
});

test('text parts count like string contents, and images are free', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what is' },
          { type: 'text', text: 'this' },
          { type: 'image_url', image_url: { url: 'https://example.com/a b.png' } },
        ],
      },
    ],
  });
  expect(completion.usage?.prompt_tokens).toBe(3);
});

test('the same prompt has the same answer, another prompt another one', async () => {
  const { client } = await openProvider();
  const ask = async (content: string): Promise<string | null | undefined> => {
    const messages = [{ role: 'user' as const, content }];
    const completion = await client.chat.completions.create({ model: 'gpt-4o', messages });
    return completion.choices[0]?.message.content;
  };
  const first = await ask('one prompt');
  expect(await ask('one prompt')).toBe(first);
  expect(await ask('another prompt')).not.toBe(first);
});

test('an alias answers as its dated snapshot, every other name as itself', async () => {
  const { client } = await openProvider();
  const answeredAs = async (model: string): Promise<string> =>
    (await client.chat.completions.create({ model, messages: promptOf(1) })).model;
  expect(await answeredAs('gpt-4o')).toBe('gpt-4o-2024-08-06');
  expect(await answeredAs('gpt-invented-by-a-test')).toBe('gpt-invented-by-a-test');
});

test.each(['max_tokens', 'max_completion_tokens'])(
  '%s cuts the answer and says so',
  async (cap) => {
    const { client } = await openProvider();
    const completion = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: promptOf(3),
      [cap]: 7,
    });
    expect(completion.usage?.completion_tokens).toBe(7);
    expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(7);
    expect(completion.choices[0]?.finish_reason).toBe('length');
  },
);

test('a scripted length is exact, also far beyond the natural one', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create(
    { model: 'gpt-4o', messages: promptOf(3) },
    { headers: { 'x-provider-output-tokens': '20000' } },
  );
  expect(completion.usage?.completion_tokens).toBe(20_000);
  expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(20_000);
});

test('n choices are billed n times, each under the cap', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: promptOf(5),
    n: 3,
    max_tokens: 4,
  });
  expect(completion.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(completion.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 12 });
});

test('cached is part of the prompt and reasoning part of the output', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create(
    { model: 'o3', messages: promptOf(50) },
    {
      headers: {
        'x-provider-output-tokens': '30',
        'x-provider-cached-tokens': '40',
        'x-provider-reasoning-tokens': '25',
      },
    },
  );
  expect(completion.choices[0]?.message.content?.split(' ')).toHaveLength(5);
  expect(completion.usage).toEqual({
    prompt_tokens: 50,
    completion_tokens: 30,
    total_tokens: 80,
    prompt_tokens_details: { cached_tokens: 40, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 25,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  });
});

test('a cap below the reasoning leaves an empty answer that is billed up to the cap', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create(
    { model: 'o3', messages: promptOf(2), max_completion_tokens: 10 },
    { headers: { 'x-provider-reasoning-tokens': '25', 'x-provider-cached-tokens': '9' } },
  );
  expect(completion.choices[0]).toMatchObject({
    finish_reason: 'length',
    message: { content: '' },
  });
  expect(completion.usage).toMatchObject({
    completion_tokens: 10,
    completion_tokens_details: { reasoning_tokens: 10 },
    prompt_tokens_details: { cached_tokens: 2 },
  });
});

test('the tier is the one that was asked for, and default for auto', async () => {
  const { client } = await openProvider();
  const tierOf = async (service_tier: 'auto' | 'flex'): Promise<string | null | undefined> => {
    const body = { model: 'gpt-4o', messages: promptOf(1), service_tier };
    return (await client.chat.completions.create(body)).service_tier;
  };
  expect(await tierOf('auto')).toBe('default');
  expect(await tierOf('flex')).toBe('flex');
});
