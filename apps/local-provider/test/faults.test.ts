import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

const BODY = { model: 'gpt-4o', messages: promptOf(2) };

/** Timers that keep this process alive. */
function timersRunning(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
}

test('a list of statuses is played attempt by attempt, so that a retry succeeds', async () => {
  const { client, provider } = await openProvider();
  const headers = { 'x-provider-status': '500,429,200', 'x-provider-retry-after': '0' };
  const completion = await client.chat.completions.create(BODY, { headers, maxRetries: 2 });
  expect(completion.usage?.prompt_tokens).toBe(2);
  await provider.ended(3);
  expect(provider.calls).toMatchObject([
    { retryCount: 0, status: 500, ending: 'errored', promptTokens: 0 },
    { retryCount: 1, status: 429, ending: 'errored', promptTokens: 0 },
    { retryCount: 2, status: 200, ending: 'completed', promptTokens: 2 },
  ]);
});

test('a 429 has the shape and the retry-after of OpenAI', async () => {
  const { client } = await openProvider();
  const headers = { 'x-provider-status': '429' };
  const error = await client.chat.completions
    .create(BODY, { headers })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OpenAI.RateLimitError);
  const refusal = error as InstanceType<typeof OpenAI.RateLimitError>;
  expect(refusal).toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' });
  expect(refusal.headers.get('retry-after')).toBe('1');
  expect(refusal.requestID).toMatch(/^req_/);
});

test('an overrun ignores the cap and is billed', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create(
    { ...BODY, max_tokens: 5 },
    { headers: { 'x-provider-overrun': '500' } },
  );
  expect(completion.usage?.completion_tokens).toBe(500);
  expect(completion.choices[0]?.finish_reason).toBe('stop');
});

test('usage can be missing, plain and streamed, from every endpoint', async () => {
  const { client, provider } = await openProvider();
  const options = { headers: { 'x-provider-no-usage': '1' } };
  const completion = await client.chat.completions.create(BODY, options);
  expect(completion).not.toHaveProperty('usage');
  const streamed = { ...BODY, stream: true as const, stream_options: { include_usage: true } };
  const chunks = await Array.fromAsync(await client.chat.completions.create(streamed, options));
  expect(chunks.every((chunk) => chunk.choices.length === 1 && chunk.usage === null)).toBe(true);
  const response = await client.responses.create({ model: 'gpt-4o', input: 'hi' }, options);
  expect(response).not.toHaveProperty('usage');
  const model = 'text-embedding-3-small';
  const embeddings = await client.embeddings.create({ model, input: 'hi' }, options);
  expect(embeddings).not.toHaveProperty('usage');
  await provider.ended(4);
  expect(provider.calls.map(({ reportedUsage }) => reportedUsage)).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test('a cut stream fails after exactly the tokens asked for, which are billed', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.chat.completions.create(
    { ...BODY, stream: true },
    { headers: { 'x-provider-cut-after': '3', 'x-provider-tokens-per-chunk': '2' } },
  );
  let text = '';
  const read = async (): Promise<void> => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  };
  await expect(read()).rejects.toThrow('terminated');
  expect(text.split(' ')).toHaveLength(3);
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({
    ending: 'cut',
    status: 200,
    promptTokens: 2,
    outputTokens: 3,
    reportedUsage: null,
  });
});

test('a cut stream of the Responses API fails in the same way', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.responses.create(
    { model: 'gpt-4o', input: 'hi', stream: true },
    { headers: { 'x-provider-cut-after': '0' } },
  );
  await expect(Array.fromAsync(stream)).rejects.toThrow('terminated');
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({ ending: 'cut', outputTokens: 0 });
});

test('a cut plain answer has headers and no body, and was generated all the same', async () => {
  const { provider } = await openProvider();
  const answer = await fetch(`${provider.url}/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer any',
      'x-provider-cut-after': '0',
      'x-provider-output-tokens': '9',
    },
    body: JSON.stringify(BODY),
  });
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow('terminated');
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({ ending: 'cut', outputTokens: 9, reportedUsage: null });
});

test('a call that hangs ends when the client gives up', async () => {
  const { client, provider } = await openProvider();
  const controller = new AbortController();
  const options = { headers: { 'x-provider-hang': '1' }, signal: controller.signal };
  const completion = client.chat.completions.create(BODY, options);
  await provider.arrived(1);
  expect(provider.totals()).toMatchObject({ arrived: 1, open: 1 });
  controller.abort();
  await expect(completion).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({ ending: 'aborted', status: null, outputTokens: 0 });
});

test('a delay ends with the client, and its timer with it', async () => {
  const { client, provider } = await openProvider();
  const timersBefore = timersRunning();
  const controller = new AbortController();
  const options = { headers: { 'x-provider-delay-ms': '600000' }, signal: controller.signal };
  const completion = client.chat.completions.create(BODY, options);
  await provider.arrived(1);
  controller.abort();
  await expect(completion).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
  await provider.ended(1);
  expect(provider.calls[0]?.ending).toBe('aborted');
  await new Promise((resolve) => setImmediate(resolve));
  expect(timersRunning()).toBe(timersBefore);
});

test('a short delay and chunk delay answer in full', async () => {
  const { client } = await openProvider();
  const headers = {
    'x-provider-delay-ms': '1',
    'x-provider-chunk-delay-ms': '1',
    'x-provider-output-tokens': '4',
  };
  const stream = client.chat.completions.stream(BODY, { headers });
  expect((await stream.finalContent())?.split(' ')).toHaveLength(4);
});

test.each([
  ['x-provider-outputtokens', '5'],
  ['x-provider-output-tokens', 'five'],
  ['x-provider-tokens-per-chunk', '0'],
  ['x-provider-status', '302'],
])('a script that cannot be played is refused: %s %s', async (header, value) => {
  const { client } = await openProvider();
  const completion = client.chat.completions.create(BODY, { headers: { [header]: value } });
  await expect(completion).rejects.toMatchObject({ status: 400, param: header });
});
