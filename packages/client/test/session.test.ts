/** Calls of a session are charged to its budgets too, and their sum is its calls. */
import { describe, expect, test } from 'vitest';
import { wrapAnthropic } from '../src/anthropic/index.ts';
import { denialOf } from '../src/index.ts';
import { ManualRuntime } from './support/manual-runtime.ts';
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

test('the cap of a session holds, however many of its calls come at once', async () => {
  await using world = await openWorld('in-process');
  await limitEach(world, 'session');
  const session = world.bursar.session('capped');
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, () =>
      session.meter({ user: 'alice', model: 'ours', amountUsd: '0.0001' }, async () => ({
        value: undefined,
        costUsd: '0.0001',
      })),
    ),
  );
  const { calls, denied, costUsd } = await session.summary();
  expect({ calls, denied, costUsd }).toEqual({ calls: 10, denied: 30, costUsd: '0.001' });
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  // Another session has a cap of its own.
  const other = world.bursar.session('other');
  await other.meter({ user: 'alice', model: 'ours', amountUsd: '0.001' }, async () => ({
    value: undefined,
    costUsd: '0.001',
  }));
});

describe.each(REACHES)('over %s, a purse', (reach) => {
  const forAlice = { user: 'alice', model: 'agent', amountUsd: '1' };
  const costing = (costUsd: string) => async () => ({ value: costUsd, costUsd });

  test('pays many calls, and gives back the rest when it is closed', async () => {
    await using world = await openWorld(reach);
    const session = world.bursar.session('agent-1');
    const purse = await session.purse(forAlice);
    expect((await world.bursar.usage.current({ user: 'alice' })).reservedUsd).toBe('1.00');
    for (let index = 0; index < 3; index += 1) {
      expect(await purse.meter({ amountUsd: '0.3' }, costing('0.1'))).toBe('0.1');
    }
    expect(purse.remainingUsd).toBe('0.70');
    await purse.close();
    await purse.close();
    expect(purse.remainingUsd).toBe('0.00');
    const { settledUsd, reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect({ settledUsd, reservedUsd }).toEqual({ settledUsd: '0.30', reservedUsd: '0.00' });
    expect(await session.summary()).toMatchObject({ costUsd: '0.30' });
    expect((await world.booked()).map(({ kind }) => kind)).toEqual(['settle']);
  });

  test('that is idle closes by itself; one that works does not', async () => {
    const runtime = new ManualRuntime();
    await using world = await openWorld(reach, { runtime });
    const purse = await world.bursar.session('agent-1').purse({ ...forAlice, idleMs: 30_000 });
    await purse.meter({ amountUsd: '0.3' }, async () => {
      runtime.advance(29_000);
      runtime.advance(29_000);
      return { value: undefined, costUsd: '0.2' };
    });
    runtime.advance(29_999);
    expect(purse.remainingUsd).toBe('0.80');
    runtime.advance(1);
    expect(purse.remainingUsd).toBe('0.00');
    await purse.close();
    const { settledUsd, reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect({ settledUsd, reservedUsd }).toEqual({ settledUsd: '0.20', reservedUsd: '0.00' });
  });

  test('that is used up or closed lets calls reserve by themselves', async () => {
    await using world = await openWorld(reach);
    const purse = await world.bursar.session('agent-1').purse(forAlice);
    await purse.meter({ amountUsd: '2' }, costing('1.5'));
    expect(purse.remainingUsd).toBe('1.00');
    await purse.close();
    await purse.meter({ amountUsd: '0.5', model: 'late' }, costing('0.25'));
    expect((await world.bursar.usage.current({ user: 'alice' })).settledUsd).toBe('1.75');
    // What the server refuses is refused.
    const error: unknown = await purse
      .meter({ amountUsd: '100' }, costing('1'))
      .catch((reason: unknown) => reason);
    expect(denialOf(error)).toMatchObject({ reason: 'limit_too_small' });
  });

  test('is charged what failing work says that it spent, waits for what runs, and closes with its connection', async () => {
    await using world = await openWorld(reach);
    const purse = await world.bursar.session('agent-1').purse(forAlice);
    const failure = new Error('half way');
    const failed = purse.meter({ amountUsd: '0.3' }, async ({ spentSoFar }) => {
      spentSoFar('0.05');
      throw failure;
    });
    await expect(failed).rejects.toBe(failure);
    const running = Promise.withResolvers<undefined>();
    const slow = purse.meter({ amountUsd: '0.3' }, async () => {
      await running.promise;
      return { value: 'done', costUsd: '0.1' };
    });
    const closed = world.bursar.close();
    expect(purse.remainingUsd).toBe('0.00');
    running.resolve(undefined);
    expect(await slow).toBe('done');
    await closed;
    const { usage } = world.server.caller({ tenant: 'default' });
    const { settledUsd, reservedUsd } = await usage.current({ user: 'alice' });
    expect({ settledUsd, reservedUsd }).toEqual({ settledUsd: '0.15', reservedUsd: '0.00' });
  });

  test('for which there is no room is refused', async () => {
    await using world = await openWorld(reach);
    const purse = world.bursar.session('agent-1').purse({ ...forAlice, amountUsd: '6' });
    await expect(purse).rejects.toMatchObject({ name: 'CallRefused', status: 402 });
    await expect(world.bursar.session('agent-1').purse({ ...forAlice, idleMs: 0 })).rejects.toThrow(
      'idleMs',
    );
  });
});
