/** Service tiers: set aside for as asked, charged as served. */
import { describe, expect, test } from 'vitest';
import { MODEL, openWorld, prompt, REACHES } from '../support/world.ts';

const SCRIPT = { headers: { 'x-provider-output-tokens': '1000' } };
const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 1_000 };
/** 5 × 0.15 + 1,000 × 0.60 USD a million, as gpt-4o-mini, in micro-USD. */
const STANDARD = 600.75;

describe.each(REACHES)('over %s', (reach) => {
  test('a call that was served with priority is charged five thirds', async () => {
    await using world = await openWorld(reach);
    await world.openai().chat.completions.create({ ...chat, service_tier: 'priority' }, SCRIPT);
    await world.bursar.settled();
    const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(Number(settledUsd) * 1e6).toBeCloseTo((STANDARD * 5) / 3, 6);
  });

  test('a stream too, and a response', async () => {
    await using world = await openWorld(reach);
    const stream = await world
      .openai()
      .chat.completions.create({ ...chat, stream: true, service_tier: 'priority' }, SCRIPT);
    for await (const _chunk of stream);
    await world.openai().responses.create(
      {
        model: MODEL,
        input: prompt(5).content,
        max_output_tokens: 1_000,
        service_tier: 'priority',
      },
      SCRIPT,
    );
    await world.bursar.settled();
    const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(Number(settledUsd) * 1e6).toBeCloseTo((2 * STANDARD * 5) / 3, 6);
  });

  test('what was asked for with priority and served without is charged as served', async () => {
    await using world = await openWorld(reach);
    const served: typeof fetch = async (input, init) => {
      const answer = await fetch(input, init);
      const text = await answer.text();
      const { headers } = answer;
      return new Response(text.replaceAll('"priority"', '"default"'), { headers });
    };
    const client = world.openai({}, { fetch: served });
    const asked = { ...chat, service_tier: 'priority' } as const;
    await client.chat.completions.create(asked, SCRIPT);
    for await (const _chunk of await client.chat.completions.create(
      { ...asked, stream: true },
      SCRIPT,
    ));
    await world.bursar.settled();
    const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(Number(settledUsd) * 1e6).toBeCloseTo(2 * STANDARD, 6);
  });

  test('a tier that has no price is not sent to the provider', async () => {
    await using world = await openWorld(reach);
    const call = world
      .openai()
      .chat.completions.create({ ...chat, service_tier: 'ultrafast' as 'priority' }, SCRIPT);
    await expect(call).rejects.toThrow('does not cover the service tier ultrafast');
    expect(world.provider.calls).toHaveLength(0);
  });
});
