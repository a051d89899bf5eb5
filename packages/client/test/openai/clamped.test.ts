/** Requests that are sent with a smaller output cap, because no more fits. */
import type { Allowed } from '@bursar/api';
import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { denialOf, isDenied } from '../../src/denial.ts';
import { modelRequestOf } from '../../src/openai/openai-request.ts';
import { withOutputCap } from '../../src/openai/clamped-request.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

/** Room for some 800 output tokens at 600 nano-USD each, beside a few bytes of input. */
const LIMIT = { defaultLimitUsd: '0.0005' };
const messages = [prompt(5)];
/** A provider that writes as much as it may. */
const ENDLESS = { headers: { 'x-provider-output-tokens': '20000' } };

/** A wrapped client, what it sent to the provider, and what it was allowed. */
function clamping(world: World, options: Partial<WrapOptions> = { clamp: true }) {
  const sent: Record<string, unknown>[] = [];
  const allowed: Allowed[] = [];
  const openai = world.openai(
    {
      ...options,
      onDecision: (_call, decision) => {
        if (decision.decision === 'allowed') allowed.push(decision);
      },
    },
    {
      fetch: async (url, init) => {
        sent.push(JSON.parse(init?.body as string) as Record<string, unknown>);
        return await fetch(url, init);
      },
    },
  );
  return { openai, sent, allowed };
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of stream);
}

type Fields = Readonly<Record<string, unknown>>;

const CALLS: readonly (readonly [
  title: string,
  call: (openai: OpenAI) => Promise<unknown>,
  /** The fields of what is sent that hold the request to `tokens` in all. */
  capped: (tokens: number) => Fields,
])[] = [
  [
    'chat',
    (openai) =>
      openai.chat.completions.create(
        { model: MODEL, messages, max_completion_tokens: 9_000 },
        ENDLESS,
      ),
    (tokens) => ({ max_completion_tokens: tokens }),
  ],
  [
    'chat with the older field',
    (openai) =>
      openai.chat.completions.create({ model: MODEL, messages, max_tokens: 9_000 }, ENDLESS),
    (tokens) => ({ max_tokens: tokens }),
  ],
  [
    'chat without a cap',
    (openai) => openai.chat.completions.create({ model: MODEL, messages }, ENDLESS),
    (tokens) => ({ max_completion_tokens: tokens }),
  ],
  [
    'chat with three choices',
    (openai) =>
      openai.chat.completions.create(
        { model: MODEL, messages, max_completion_tokens: 9_000, n: 3 },
        ENDLESS,
      ),
    (tokens) => ({ max_completion_tokens: Math.floor(tokens / 3), n: 3 }),
  ],
  [
    'a stream',
    async (openai) =>
      drain(
        await openai.chat.completions.create(
          { model: MODEL, messages, max_completion_tokens: 9_000, stream: true },
          ENDLESS,
        ),
      ),
    (tokens) => ({
      max_completion_tokens: tokens,
      stream: true,
      stream_options: { include_usage: true },
    }),
  ],
  [
    'the stream helper',
    (openai) =>
      openai.chat.completions
        .stream({ model: MODEL, messages, max_tokens: 9_000 }, ENDLESS)
        .finalChatCompletion()
        .catch((error: unknown) => {
          // The helper throws for an answer that ends for want of tokens.
          expect(String(error)).toContain('length');
        }),
    (tokens) => ({ max_tokens: tokens }),
  ],
  [
    'responses',
    (openai) =>
      openai.responses.create({ model: MODEL, input: 'hi', max_output_tokens: 9_000 }, ENDLESS),
    (tokens) => ({ max_output_tokens: tokens }),
  ],
  [
    'streamed responses without a cap',
    async (openai) =>
      drain(await openai.responses.create({ model: MODEL, input: 'hi', stream: true }, ENDLESS)),
    (tokens) => ({ max_output_tokens: tokens, stream: true }),
  ],
];

describe.each(REACHES)('%s', (reach) => {
  test.each(CALLS)(
    '%s: the provider gets the cap that fits, and the books end within the limit',
    async (_title, call, capped) => {
      await using world = await openWorld(reach, LIMIT);
      const { openai, sent, allowed } = clamping(world);
      await call(openai);
      const [decision] = allowed;
      expect(decision).toMatchObject({ clamped: true });
      const tokens = decision?.outputTokensMax ?? 0;
      expect(tokens).toBeGreaterThan(600);
      expect(tokens).toBeLessThan(834);
      expect(sent).toEqual([expect.objectContaining(capped(tokens))]);
      // Nothing but the cap is in any field that is one.
      const fields = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'];
      const caps = fields.flatMap((field) => sent[0]?.[field] ?? []);
      expect(caps).toHaveLength(1);
      const [record] = world.provider.calls;
      expect(record?.outputTokens).toBeLessThanOrEqual(tokens);
      expect(record?.outputTokens).toBeGreaterThan(tokens - 3);
      const [booked] = await world.booked();
      expect(booked).toMatchObject({
        kind: 'settle',
        basis: 'reported',
        usage: { outputTokens: record?.outputTokens },
      });
      const { availableUsd, reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
      expect(reservedUsd).toBe('0.00');
      expect(availableUsd).not.toMatch(/^-/);
    },
  );

  test('a request that fits is sent as it was written', async () => {
    await using world = await openWorld(reach);
    const { openai, sent, allowed } = clamping(world);
    const request = { model: MODEL, messages, max_tokens: 100 };
    await openai.chat.completions.create(request);
    expect(sent).toEqual([request]);
    expect(allowed).toMatchObject([{ clamped: false, outputTokensMax: 100 }]);
  });

  test.each([
    ['without clamp', {}],
    ['when less than outputTokensMin fits', { clamp: { outputTokensMin: 900 } }],
  ])('%s the request is refused as ever', async (_when, options) => {
    await using world = await openWorld(reach, LIMIT);
    const { openai, sent } = clamping(world, options);
    const refused = await openai.chat.completions
      .create({ model: MODEL, messages, max_tokens: 9_000 })
      .catch((error: unknown) => error);
    expect(isDenied(refused)).toBe(true);
    expect(sent).toEqual([]);
  });

  test('outputTokensMin is for each choice', async () => {
    await using world = await openWorld(reach, LIMIT);
    const { openai, sent } = clamping(world, { clamp: { outputTokensMin: 300 } });
    const request = { model: MODEL, messages, max_tokens: 9_000 };
    const refused = await openai.chat.completions
      .create({ ...request, n: 3 })
      .catch((error: unknown) => error);
    expect(isDenied(refused)).toBe(true);
    expect(sent).toEqual([]);
    await openai.chat.completions.create({ ...request, n: 2 });
    expect(sent).toHaveLength(1);
  });

  test('embeddings have nothing to clamp', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0' });
    const { openai } = clamping(world);
    const refused = await openai.embeddings
      .create({ model: 'text-embedding-3-small', input: 'hi' })
      .catch((error: unknown) => error);
    expect(isDenied(refused)).toBe(true);
  });
});

describe('a capped request', () => {
  const request = (route: 'chat' | 'responses', body: Fields) =>
    modelRequestOf(route, JSON.stringify({ model: 'gpt-4o', ...body }));

  test('has the cap in every field that had one, and everything else as it was', () => {
    const body = { messages: ['ü', 1.5], max_tokens: 9, max_completion_tokens: 8, n: 2 };
    const { text, outputTokensMax } = withOutputCap(request('chat', body), 7);
    expect(JSON.parse(text)).toEqual({
      model: 'gpt-4o',
      ...body,
      max_tokens: 3,
      max_completion_tokens: 3,
    });
    expect(outputTokensMax).toBe(7);
  });

  test('replaces a cap that is null', () => {
    const { text } = withOutputCap(request('responses', { max_output_tokens: null }), 20);
    expect(JSON.parse(text)).toEqual({ model: 'gpt-4o', max_output_tokens: 20 });
  });

  test('of responses is never below what OpenAI takes', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0.000012' });
    const { openai, sent } = clamping(world);
    const refused = await openai.responses
      .create({ model: MODEL, input: 'hi' })
      .catch((error: unknown) => error);
    const fitting = denialOf(refused)?.outputTokensThatFit ?? 0;
    expect(fitting).toBeGreaterThan(0);
    expect(fitting).toBeLessThan(16);
    expect(sent).toEqual([]);
  });
});
