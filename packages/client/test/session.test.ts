/** Calls of a session are charged to its budgets too, and their sum is its calls. */
import { expect, test } from 'vitest';
import { wrapAnthropic } from '../src/anthropic/index.ts';
import { denialOf } from '../src/index.ts';
import { MODEL, openWorld, prompt, REACHES, type World } from './support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const SCRIPT = { headers: { 'x-provider-output-tokens': '12' } };

test('a session’s summary is the sum of its calls, of all clients, and of no others', async () => {
  await using world = await openWorld('in-process');
  const session = world.bursar.session('report-7');
  const settled: string[] = [];
  const options = {
    user: 'alice',
    onSettled: (_call: unknown, { costUsd }: { readonly costUsd: string }) => {
      settled.push(costUsd);
    },
  };
  const openai = session.wrap(world.plainOpenai(), options);
  await openai.chat.completions.create(chat, SCRIPT);
  await openai.chat.completions.create(chat, SCRIPT);
  await wrapAnthropic(session, world.plainAnthropic(), options).messages.create(
    { model: 'claude-sonnet-4-6', max_tokens: 50, messages: [prompt(5)] },
    SCRIPT,
  );
  await session.meter({ user: 'bob', model: 'renderer', amountUsd: '1' }, async () => ({
    value: 1,
    costUsd: '0.5',
  }));
  await world.openai().chat.completions.create(chat, SCRIPT);
  expect(await session.summary()).toEqual({
    session: 'report-7',
    calls: 4,
    denied: 0,
    settled: 4,
    costUsd: '0.5002109',
    usage: { inputTokens: 15, outputTokens: 36 },
  });
  // The caller's own hooks are told as well.
  expect(settled).toEqual(['0.00000795', '0.00000795', '0.000195']);
  expect(await world.bursar.session('another').summary()).toMatchObject({
    calls: 0,
    costUsd: '0.00',
  });
});

test('refused calls are counted, and are not in the sum', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  const session = world.bursar.session('report-7');
  const openai = session.wrap(world.plainOpenai(), { user: 'alice' });
  await expect(openai.chat.completions.create(chat)).rejects.toMatchObject({ status: 402 });
  expect(await session.summary()).toMatchObject({
    calls: 0,
    denied: 1,
    settled: 0,
    costUsd: '0.00',
  });
});

/** Lets each scope of `kind` spend a tenth of a cent. */
async function limitEach(world: World, kind: string): Promise<void> {
  const budgets = [
    { name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' },
    { name: 'cap', on: { kind }, limitUsd: '0.001' },
  ];
  await world.server
    .caller({ tenant: 'default' })
    .policies.put({ document: { version: 1, defaults: { budgets } }, expectedVersion: 0 });
}

const dear = { ...chat, max_completion_tokens: 10_000 };

test.each(REACHES)(
  'over %s a budget of the session refuses what does not fit it',
  async (reach) => {
    await using world = await openWorld(reach);
    await limitEach(world, 'session');
    const small = world.bursar.session('small').wrap(world.plainOpenai(), { user: 'alice' });
    const error: unknown = await small.chat.completions
      .create(dear)
      .catch((reason: unknown) => reason);
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
    // The same call outside the session fits.
    await world.openai().chat.completions.create(dear);
  },
);

test('the calls of a wrapped client are charged to every scope that it names', async () => {
  await using world = await openWorld('in-process');
  await limitEach(world, 'team');
  const openai = world.openai({ scopes: { team: ['growth', 'ops'], feature: 'chat' } });
  const error: unknown = await openai.chat.completions
    .create(dear)
    .catch((reason: unknown) => reason);
  expect(denialOf(error)?.budgets).toHaveLength(2);
});

test('a session needs a name', async () => {
  await using world = await openWorld('in-process');
  expect(() => world.bursar.session('')).toThrow('session');
});
