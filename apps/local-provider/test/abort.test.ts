import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

// The second token would come after ten minutes, so what was sent before the abort is certain.
const headers = { 'x-provider-chunk-delay-ms': '600000' };

test('a stream that the client leaves is aborted, and billed up to there', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.chat.completions.create(
    { model: 'gpt-4o', messages: promptOf(7), stream: true },
    { headers: { ...headers, 'x-provider-reasoning-tokens': '4' } },
  );
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) break;
  }
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({
    ending: 'aborted',
    promptTokens: 7,
    outputTokens: 4 + 1,
    reasoningTokens: 4,
    reportedUsage: null,
  });
  expect(provider.totals()).toMatchObject({
    aborted: 1,
    open: 0,
    promptTokens: 7,
    outputTokens: 5,
  });
});

test('aborting the controller of a Responses stream does the same', async () => {
  const { client, provider } = await openProvider();
  const body = { model: 'gpt-4o', input: 'one two', stream: true as const };
  const stream = await client.responses.create(body, { headers });
  for await (const event of stream) {
    if (event.type === 'response.output_text.delta') stream.controller.abort();
  }
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({ ending: 'aborted', promptTokens: 2, outputTokens: 1 });
});

test('closing the provider ends open calls', async () => {
  const { client, provider } = await openProvider();
  const failure = client.chat.completions
    .create({ model: 'gpt-4o', messages: promptOf(1) }, { headers: { 'x-provider-hang': '1' } })
    .catch((error: unknown) => error);
  await provider.arrived(1);
  await provider.close();
  expect(await failure).toBeInstanceOf(OpenAI.APIConnectionError);
  expect(provider.totals()).toMatchObject({ open: 0, aborted: 1 });
});
