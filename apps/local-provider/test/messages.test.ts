/** Anthropic's Messages API, as its own package sees it. */
import Anthropic from '@anthropic-ai/sdk';
import { onTestFinished } from 'vitest';
import { expect, test } from 'vitest';
import { type Provider, startProvider } from '../src/index.ts';
import { promptOf } from './open-provider.ts';

const request = { model: 'claude-sonnet-4-6', max_tokens: 100, messages: promptOf(7) };
const SCRIPT = { headers: { 'x-provider-output-tokens': '20' } };

async function openAnthropic(apiKey?: string): Promise<{ provider: Provider; client: Anthropic }> {
  const provider = await startProvider(apiKey === undefined ? {} : { apiKey });
  onTestFinished(() => provider.close());
  const baseURL = provider.url.replace(/\/v1$/, '');
  return { provider, client: new Anthropic({ apiKey: 'sk-ant', baseURL, maxRetries: 0 }) };
}

test('a message has the length that was asked for, and its usage', async () => {
  const { client, provider } = await openAnthropic();
  const message = await client.messages.create(request, SCRIPT);
  expect(message).toMatchObject({
    role: 'assistant',
    stop_reason: 'end_turn',
    model: request.model,
  });
  expect(message.usage).toMatchObject({ input_tokens: 7, output_tokens: 20 });
  expect(provider.calls[0]).toMatchObject({
    promptTokens: 7,
    outputTokens: 20,
    ending: 'completed',
  });
});

test('a stream is the same message in pieces', async () => {
  const { client } = await openAnthropic();
  const whole = await client.messages.create(request, SCRIPT);
  const streamed = await client.messages.stream(request, SCRIPT).finalMessage();
  expect(streamed).toMatchObject({
    content: [{ type: 'text', text: whole.content[0]?.type === 'text' && whole.content[0].text }],
    stop_reason: whole.stop_reason,
    usage: { input_tokens: 7, output_tokens: 20 },
  });
});

test('the cap cuts, and the message says so', async () => {
  const { client } = await openAnthropic();
  const { stop_reason, usage } = await client.messages.create({ ...request, max_tokens: 5 });
  expect(stop_reason).toBe('max_tokens');
  expect(usage.output_tokens).toBe(5);
});

test('cached and written tokens are apart from the input', async () => {
  const { client } = await openAnthropic();
  const headers = { 'x-provider-cached-tokens': '2', 'x-provider-written-tokens': '3' };
  const { usage } = await client.messages.create(request, { headers });
  expect(usage).toMatchObject({
    input_tokens: 2,
    cache_read_input_tokens: 2,
    cache_creation_input_tokens: 3,
    cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 0 },
  });
});

test('tokens are counted without being billed', async () => {
  const { client, provider } = await openAnthropic();
  const { model, messages } = request;
  expect(await client.messages.countTokens({ model, messages })).toEqual({ input_tokens: 7 });
  expect(provider.totals().promptTokens).toBe(0);
});

test.each([
  [400, Anthropic.BadRequestError, 'invalid_request_error'],
  [401, Anthropic.AuthenticationError, 'authentication_error'],
  [404, Anthropic.NotFoundError, 'not_found_error'],
  [429, Anthropic.RateLimitError, 'rate_limit_error'],
  [529, Anthropic.InternalServerError, 'overloaded_error'],
])('a refusal with %i is the package’s own error', async (status, kind, type) => {
  const { client } = await openAnthropic();
  const headers = { 'x-provider-status': String(status) };
  const error: unknown = await client.messages
    .create(request, { headers })
    .catch((e: unknown) => e);
  expect(error).toBeInstanceOf(kind);
  expect(error).toMatchObject({ status, type, requestID: expect.stringContaining('req_') });
});

test('what is missing or wrong is refused', async () => {
  const { client } = await openAnthropic();
  const without = { ...request, max_tokens: undefined as unknown as number };
  await expect(client.messages.create(without)).rejects.toMatchObject({ status: 400 });
  const other = { ...request, model: 'gpt-4o' };
  await expect(client.messages.create(other)).rejects.toMatchObject({ status: 404 });
  const { client: stranger } = await openAnthropic('another-key');
  await expect(stranger.messages.create(request)).rejects.toMatchObject({ status: 401 });
});
