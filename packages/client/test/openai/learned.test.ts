/** Calls without an output cap, where the server has learned how long their answers are. */
import type { Allowed } from '@bursar/api';
import { expect, test } from 'vitest';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)] };
const of = (tokens: number) => ({ headers: { 'x-provider-output-tokens': String(tokens) } });

test('a call is held for what such calls have used; a stream that outgrows it is extended, an answer that does is booked as overage', async () => {
  await using world = await openWorld('in-process', { learnedEstimates: true });
  const allowed: Allowed[] = [];
  const overages: string[] = [];
  const hooks: Partial<WrapOptions> = {
    onDecision: (_call, decision) => {
      if (decision.decision === 'allowed') allowed.push(decision);
    },
    onSettled: (_call, { overageUsd }) => overages.push(overageUsd),
  };
  const openai = world.openai(hooks);
  for (let call = 0; call < 51; call += 1) await openai.chat.completions.create(chat, of(40));
  await world.bursar.settled();
  expect(allowed[49]).toMatchObject({ outputTokensMax: 16_384, clamped: false });
  expect(allowed[50]).toMatchObject({ outputTokensMax: 40, clamped: false });
  expect(new Set(overages)).toEqual(new Set(['0.00']));

  // It waits for more to be set aside; one that may finish on overage would not, and could be the faster. What is
  // counted on the way is a little less than what is reported, so the last step may not cover all of it.
  const STEP_USD = 256 * 0.000_000_6;
  const patient = world.openai({ ...hooks, onExhausted: 'stop' });
  const stream = await patient.chat.completions.create({ ...chat, stream: true }, of(3_000));
  let tokens = 0;
  for await (const { choices } of stream) if (choices[0]?.delta.content) tokens += 1;
  await world.bursar.settled();
  expect(tokens).toBe(3_000);
  expect(Number(overages.at(-1))).toBeLessThan(STEP_USD);

  // Nobody sees how long this one gets until it is there. One long answer among fifty-three is known by now.
  const longer = await openai.chat.completions.create(chat, of(9_000));
  await world.bursar.settled();
  expect(longer.usage?.completion_tokens).toBe(9_000);
  expect(allowed.at(-1)?.outputTokensMax).toBeLessThan(3_100);
  const { settledUsd, reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
  expect(Number(overages.at(-1))).toBeGreaterThan(5_900 * 0.0000006);
  // 53 prompts of the same length, 51 × 40 + 3,000 + 9,000 tokens out.
  const input = world.provider.calls.reduce((sum, { promptTokens }) => sum + promptTokens, 0);
  expect(Number(settledUsd) * 1e9).toBeCloseTo(input * 150 + 14_040 * 600, 0);
  expect(reservedUsd).toBe('0.00');
  expect(world.server.estimates()).toMatchObject({
    learnedFrom: 53,
    accuracy: {
      worst: { settled: 50, overages: 0 },
      learned: { settled: 3, overages: Number(overages.at(-2)) > 0 ? 2 : 1 },
    },
  });
});
