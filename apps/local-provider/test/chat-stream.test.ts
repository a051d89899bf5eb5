import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

test('a stream has one token per chunk, then the reason, and no usage unless asked for', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.chat.completions.create(
    { model: 'gpt-4o', messages: promptOf(4), stream: true },
    { headers: { 'x-provider-output-tokens': '6' } },
  );
  const chunks = await Array.fromAsync(stream);
  const deltas = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? null);
  expect(deltas).toHaveLength(8);
  expect(deltas[0]).toBe('');
  expect(deltas.slice(1, 7).map((delta) => delta?.trim().split(' ').length)).toEqual(
    Array.from({ length: 6 }, () => 1),
  );
  expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
  expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({
    ending: 'completed',
    outputTokens: 6,
    reportedUsage: null,
  });
});

test('with include_usage one more chunk has the usage and no choices; the others have null', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.chat.completions.create(
    {
      model: 'gpt-4o',
      messages: promptOf(4),
      stream: true,
      stream_options: { include_usage: true },
    },
    { headers: { 'x-provider-output-tokens': '6', 'x-provider-reasoning-tokens': '2' } },
  );
  const chunks = await Array.fromAsync(stream);
  const last = chunks.pop();
  expect(last?.choices).toEqual([]);
  expect(last?.usage).toMatchObject({
    prompt_tokens: 4,
    completion_tokens: 6,
    completion_tokens_details: { reasoning_tokens: 2 },
  });
  expect(chunks.every((chunk) => chunk.usage === null)).toBe(true);
  await provider.ended(1);
  expect(provider.calls[0]?.reportedUsage).toEqual({
    promptTokens: 4,
    cachedTokens: 0,
    outputTokens: 6,
    reasoningTokens: 2,
  });
});

test('a stream says what the plain answer to the same prompt says', async () => {
  const { client } = await openProvider();
  const body = { model: 'gpt-4o', messages: promptOf(9), max_tokens: 30 };
  const plain = await client.chat.completions.create(body);
  const streamed = await client.chat.completions.stream(body).finalChatCompletion();
  expect(streamed.choices[0]?.message.content).toBe(plain.choices[0]?.message.content);
  expect(streamed.choices[0]?.finish_reason).toBe(plain.choices[0]?.finish_reason);
});

test('the stream helper collects choices and usage', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions
    .stream({
      model: 'gpt-4o',
      messages: promptOf(3),
      n: 2,
      max_tokens: 5,
      stream_options: { include_usage: true },
    })
    .finalChatCompletion();
  expect(completion.choices).toHaveLength(2);
  expect(completion.choices[1]?.message.content?.split(' ')).toHaveLength(5);
  expect(completion.usage?.completion_tokens).toBe(10);
});

test('chunks of several tokens join to the same text', async () => {
  const { client } = await openProvider();
  const ask = async (tokensPerChunk: string): Promise<(string | null | undefined)[]> => {
    const stream = await client.chat.completions.create(
      { model: 'gpt-4o', messages: promptOf(3), stream: true },
      {
        headers: {
          'x-provider-output-tokens': '50',
          'x-provider-tokens-per-chunk': tokensPerChunk,
        },
      },
    );
    const chunks = await Array.fromAsync(stream);
    return chunks.map((chunk) => chunk.choices[0]?.delta.content);
  };
  const bySingle = await ask('1');
  const bySixteen = await ask('16');
  expect(bySixteen).toHaveLength(1 + 4 + 1);
  expect(bySixteen.join('')).toBe(bySingle.join(''));
});

test('a slow reader holds the provider back and still gets everything', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.chat.completions.create(
    { model: 'gpt-4o', messages: promptOf(1), stream: true },
    { headers: { 'x-provider-output-tokens': '200000', 'x-provider-tokens-per-chunk': '10' } },
  );
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  // Turns of the event loop in which an unhindered provider would have sent all of its 20,000 chunks.
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(provider.calls[0]?.ending).toBeNull();
  expect(provider.calls[0]?.outputTokens).toBeLessThan(200_000);
  let chunks = 1;
  while ((await iterator.next()).done !== true) chunks++;
  expect(chunks).toBe(20_002);
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({ ending: 'completed', outputTokens: 200_000 });
});
