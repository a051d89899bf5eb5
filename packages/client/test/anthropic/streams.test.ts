/** Streams through a wrapped Anthropic client: the same bytes, settled however they end. */
import Anthropic from '@anthropic-ai/sdk';
import { expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { openWorld, prompt } from '../support/world.ts';

const request = {
  model: 'claude-sonnet-4-6',
  max_tokens: 1_000,
  messages: [prompt(7)],
  stream: true as const,
};
const WHOLE = { 'x-provider-output-tokens': '40' };

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

async function textOf(answer: Promise<Response>): Promise<string> {
  // Ids differ from call to call.
  return (await (await answer).text()).replaceAll(/"id":"[^"]+"/g, '');
}

test('not a byte differs', async () => {
  await using world = await openWorld('in-process');
  const options = { headers: WHOLE };
  const plain = await textOf(world.plainAnthropic().messages.create(request, options).asResponse());
  const wrapped = await textOf(world.anthropic().messages.create(request, options).asResponse());
  expect(plain).toContain('message_stop');
  expect(wrapped).toBe(plain);
  expect(await world.booked()).toMatchObject([
    { basis: 'reported', usage: { inputTokens: 7, outputTokens: 40 } },
  ]);
});

test('the helper that gathers a message works', async () => {
  await using world = await openWorld('in-process');
  const { stream: _, ...body } = request;
  const stream = world.anthropic().messages.stream(body, { headers: WHOLE });
  const words: string[] = [];
  stream.on('text', (text) => words.push(text));
  const final = await stream.finalMessage();
  expect(words).toHaveLength(40);
  expect(final.usage.output_tokens).toBe(40);
  expect(await world.booked()).toHaveLength(1);
});

test('F16: of a stream that the caller leaves, what came is settled: reported input, counted output', async () => {
  await using world = await openWorld('in-process');
  const stream = await world.anthropic().messages.create(request, {
    headers: {
      ...WHOLE,
      'x-provider-tokens-per-chunk': '25',
      'x-provider-chunk-delay-ms': '60000',
    },
  });
  for await (const event of stream) if (event.type === 'content_block_delta') break;
  expect(await world.booked()).toMatchObject([
    { basis: 'counted', usage: { inputTokens: 7, outputTokens: 25 } },
  ]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('F16: of a stream that the provider cuts, the same', async () => {
  await using world = await openWorld('in-process');
  const stream = await world
    .anthropic()
    .messages.create(request, { headers: { ...WHOLE, 'x-provider-cut-after': '30' } });
  await expect(readAll(stream)).rejects.toThrow('terminated');
  expect(await world.booked()).toMatchObject([
    { basis: 'counted', usage: { inputTokens: 7, outputTokens: 30 } },
  ]);
});

test('a stream that outgrows the budget is ended with the denial, as an error of the package', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0.02' });
  const stream = await world.anthropic({ onExhausted: 'stop' }).messages.create(request, {
    headers: { 'x-provider-overrun': '50000' },
  });
  const error: unknown = await readAll(stream).then(
    () => expect.unreachable('the stream was to be stopped'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Anthropic.APIError);
  expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
  expect((await world.booked())[0]).toMatchObject({ basis: 'counted' });
});
