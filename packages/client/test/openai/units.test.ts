/** Units: what a provider says in a header of its answer is taken from the limits that count them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unitsIn } from '../../src/units.ts';
import { MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 10 };
const says = (units: number) => ({ headers: { 'x-provider-units': String(units) } });

describe.each(REACHES)('over %s', (reach) => {
  let world: World;
  beforeEach(async () => {
    world = await openWorld(reach);
    await world.bursar.policies.put({
      expectedVersion: 0,
      document: {
        version: 1,
        defaults: {
          budgets: [{ name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' }],
          rates: [
            {
              name: 'units',
              on: { kind: 'user' },
              counts: 'units',
              limiter: { algorithm: 'fixed-window', limit: 1_000, windowMs: 86_400_000 },
            },
          ],
        },
      },
    });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  /** What is used of the limit, by the next call; which reports nothing. */
  const used = async (): Promise<number | undefined> => {
    await world.bursar.settled();
    let used: number | undefined;
    await world.bursar.meter(
      {
        user: 'alice',
        model: 'ours',
        amountUsd: '0',
        onDecision: (_call, decided) => {
          if (decided.decision === 'allowed') used = decided.rates[0]?.used;
        },
      },
      async () => ({ value: 0, costUsd: '0' }),
    );
    return used;
  };

  test('C16: a response that reports 10 units takes 10 from the limit, once, in one piece and as a stream', async () => {
    const openai = world.openai({ unitsHeader: 'X-Units' });
    await openai.chat.completions.create(chat, says(10));
    expect(await used()).toBe(10);
    for await (const _chunk of await openai.chat.completions.create(
      { ...chat, stream: true },
      says(5),
    ));
    expect(await used()).toBe(15);
    // An answer that says nothing takes nothing, nor does one that failed, nor one that nobody was to listen to.
    await openai.chat.completions.create(chat);
    await expect(
      openai.chat.completions.create(chat, {
        headers: { 'x-provider-units': '7', 'x-provider-status': '500' },
      }),
    ).rejects.toThrow(/500|error/i);
    await world.openai().chat.completions.create(chat, says(7));
    expect(await used()).toBe(15);
  });

  test('an answer that breaks off takes what its header said', async () => {
    const openai = world.openai({ unitsHeader: 'x-units' });
    await expect(
      openai.chat.completions.create(chat, {
        headers: { 'x-provider-units': '4', 'x-provider-cut-after': '1' },
      }),
    ).rejects.toThrow(/terminated|premature|socket|closed|abort|error/i);
    expect(await used()).toBe(4);
  });

  test('work says its units itself', async () => {
    const call = { user: 'alice', model: 'ours', amountUsd: '0.01' };
    await world.bursar.meter(call, async () => ({ value: 1, costUsd: '0.01', units: 6 }));
    expect(await used()).toBe(6);
  });
});

test.each(['', 'x units', 'x:units', 'x'.repeat(129)])(
  'a header that cannot be one is refused: %j',
  async (unitsHeader) => {
    await using world = await openWorld('in-process');
    expect(() => world.openai({ unitsHeader })).toThrow(/unitsHeader must be the name/);
  },
);

test.each([
  ['10', 10],
  ['0', 0],
  [' 7 ', 7],
  ['9007199254740991', 9_007_199_254_740_991],
  ['9007199254740992', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['ten', undefined],
  ['', undefined],
  [null, undefined],
])('a header that says %j reports %j', (value, units) => {
  expect(unitsIn(value)).toBe(units);
});
