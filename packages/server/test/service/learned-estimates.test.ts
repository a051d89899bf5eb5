/** Learned estimates: whose output is learned from, what that changes, and how good it was. */
import { describe, expect, it } from 'vitest';
import { idOf, openTestService, type TestService } from '../support/test-service.ts';

const LIMIT = { defaultLimitUsd: '1000' };
/** Its most is not known, so that the worst case is 128,000 output tokens: $0.256. */
const OPEN = { inputTokens: 0 };
const WORST = { heldUsd: '0.256', outputTokensMax: 128_000, clamped: false };

type Estimate = Parameters<Bursar['meter']['reserve']>[0]['estimate'];
type Bursar = ReturnType<TestService['as']>;

let calls = 0;
/** Makes `count` calls that use `outputTokens` each, and answers what the last was allowed. */
async function make(
  bursar: Bursar,
  count: number,
  outputTokens: number,
  over: {
    readonly estimate?: Estimate;
    readonly model?: string;
    readonly basis?: 'reported' | 'counted' | 'estimated';
    readonly clamp?: { readonly outputTokensMin: number };
    readonly scopes?: { readonly feature: string | string[] };
  } = {},
) {
  const { estimate = OPEN, model = 'test-model', basis, clamp, scopes } = over;
  let last;
  for (let made = 0; made < count; made += 1) {
    const reservation = idOf((calls += 1));
    last = await bursar.meter.reserve({
      reservation,
      user: 'alice',
      model,
      estimate,
      clamp,
      scopes,
    });
    await bursar.meter.settle({ reservation, usage: { outputTokens }, basis });
  }
  return last;
}

const learning = () => openTestService({ ...LIMIT, learnedEstimates: true });

describe('a call without an output cap', () => {
  it('is reserved for the worst case until fifty answers are known, then for what those have used', async () => {
    const bursar = learning().as();
    expect(await make(bursar, 50, 400)).toMatchObject(WORST);
    expect(await make(bursar, 1, 400)).toMatchObject({
      heldUsd: '0.00081',
      outputTokensMax: 405,
      clamped: false,
    });
  });

  it('is one too when its cap is no less than what the model can produce', async () => {
    const bursar = learning().as();
    const estimate = { inputTokens: 0, outputTokensMax: 200_000 };
    expect(await make(bursar, 50, 40, { estimate })).toMatchObject({ outputTokensMax: 200_000 });
    expect(await make(bursar, 1, 40, { estimate })).toMatchObject({ outputTokensMax: 40 });
  });

  it('is reserved for the worst case always, where learned estimates are not wanted', async () => {
    const { as, service } = openTestService(LIMIT);
    expect(await make(as(), 60, 400)).toMatchObject(WORST);
    // And yet it is known what they would be.
    expect(service.estimates.counts).toMatchObject({ learnedFrom: 60, keys: 1 });
  });

  it('knows nothing of other tenants and other models, and nothing after a restart', async () => {
    const first = learning();
    await make(first.as('acme'), 60, 400);
    expect(await make(first.as('other'), 1, 400)).toMatchObject(WORST);
    const other = await make(first.as('acme'), 1, 400, { model: 'audio-model' });
    expect(other).toMatchObject({ outputTokensMax: 128_000 });
    const { tier, time } = first;
    const restarted = openTestService({ ...LIMIT, tier, time, learnedEstimates: true });
    expect(await make(restarted.as('acme'), 1, 400)).toMatchObject(WORST);
  });
});

it('each feature of a product is learned for itself, whichever server settles its calls', async () => {
  const { as, tier, time, service } = learning();
  const chat = { scopes: { feature: 'chat' } };
  const report = { scopes: { feature: ['report'] } };
  await make(as(), 50, 40, chat);
  await make(as(), 50, 9_000, report);
  expect(await make(as(), 1, 40, chat)).toMatchObject({ outputTokensMax: 40 });
  const long = await make(as(), 1, 9_000, report);
  expect(long?.decision === 'allowed' && long.outputTokensMax).toBeGreaterThanOrEqual(9_000);
  // None and both are neither.
  expect(await make(as(), 1, 40)).toMatchObject(WORST);
  expect(await make(as(), 1, 40, { scopes: { feature: ['chat', 'report'] } })).toMatchObject(WORST);
  expect(service.estimates.counts.keys).toBe(3);

  const other = openTestService({ ...LIMIT, tier, time, learnedEstimates: true });
  const reservation = idOf((calls += 1));
  const call = { user: 'alice', model: 'test-model', estimate: OPEN, scopes: { feature: 'chat' } };
  await as().meter.reserve({ reservation, ...call });
  await other.as().meter.settle({ reservation, usage: { outputTokens: 5 } });
  await make(other.as(), 49, 5, chat);
  expect(await make(other.as(), 1, 5, chat)).toMatchObject({ outputTokensMax: 5 });
});

describe('what is not learned from', () => {
  it.each([
    ['a call with a cap of its own', { estimate: { inputTokens: 0, outputTokensMax: 500 } }],
    [
      'several choices, of which nobody knows how many are short',
      { estimate: { inputTokens: 0, outputTokensMax: 300_000, choices: 3 } },
    ],
    ['output that was only counted', { basis: 'counted' }],
    ['output that was only guessed', { basis: 'estimated' }],
  ] as const)('%s', async (_what, over) => {
    const { as, service } = learning();
    await make(as(), 60, 400, over);
    expect(service.estimates.counts).toMatchObject({ learnedFrom: 0, keys: 0 });
    expect(await make(as(), 1, 400)).toMatchObject(WORST);
  });

  it('a call that was clamped, and so may have been longer', async () => {
    const { as, service } = openTestService({ defaultLimitUsd: '0.20', learnedEstimates: true });
    const answer = await make(as(), 1, 10, { clamp: { outputTokensMin: 1 } });
    expect(answer).toMatchObject({ clamped: true });
    expect(service.estimates.counts.learnedFrom).toBe(0);
  });

  it('a repeated settlement, and one before the end', async () => {
    const { as, service } = learning();
    const bursar = as();
    const reservation = idOf((calls += 1));
    await bursar.meter.reserve({ reservation, user: 'alice', model: 'test-model', estimate: OPEN });
    const settle = (outputTokens: number, final: boolean) =>
      bursar.meter.settle({ reservation, usage: { outputTokens }, final });
    await settle(5, false);
    expect(service.estimates.counts.learnedFrom).toBe(0);
    await settle(10, true);
    await settle(10, true);
    expect(service.estimates.counts.learnedFrom).toBe(1);
  });
});

describe('a call with a cap of its own', () => {
  it('is reserved for that, whatever was learned', async () => {
    const bursar = learning().as();
    await make(bursar, 60, 40);
    const estimate = { inputTokens: 0, outputTokensMax: 1_000 };
    expect(await make(bursar, 1, 40, { estimate })).toMatchObject({ outputTokensMax: 1_000 });
    const choices = { inputTokens: 0, outputTokensMax: 300_000, choices: 3 };
    expect(await make(bursar, 1, 40, { estimate: choices })).toMatchObject({
      outputTokensMax: 300_000,
    });
  });
});

describe('an answer that is longer than was learned', () => {
  it('is booked in full, the excess as overage, and the next estimate is longer', async () => {
    const bursar = learning().as();
    await make(bursar, 60, 40);
    const reservation = idOf((calls += 1));
    const call = { reservation, user: 'alice', model: 'test-model', estimate: OPEN };
    expect(await bursar.meter.reserve(call)).toMatchObject({ heldUsd: '0.00008' });
    expect(
      await bursar.meter.settle({ reservation, usage: { outputTokens: 10_000 } }),
    ).toMatchObject({ costUsd: '0.02', overageUsd: '0.01992' });
    expect(await make(bursar, 1, 40)).toMatchObject({ outputTokensMax: expect.any(Number) });
    const next = await make(bursar, 1, 40);
    expect(next?.decision === 'allowed' && next.outputTokensMax).toBeGreaterThanOrEqual(10_000);
  });

  it('is answered as before when the request is repeated, although more is known by then', async () => {
    const bursar = learning().as();
    await make(bursar, 60, 40);
    const reservation = idOf((calls += 1));
    const call = { reservation, user: 'alice', model: 'test-model', estimate: OPEN };
    const before = await bursar.meter.reserve(call);
    await make(bursar, 60, 4_000);
    expect(await bursar.meter.reserve(call)).toMatchObject({
      replayed: true,
      heldUsd: '0.00008',
      outputTokensMax: before.decision === 'allowed' && before.outputTokensMax,
    });
  });
});

it('how good the estimates were is counted, by where they are from', async () => {
  const { as, service } = learning();
  const bursar = as();
  // 0.3 % of the worst case, fifty times; then all of what was learned, and ten times of it.
  await make(bursar, 50, 400);
  await make(bursar, 1, 405);
  await make(bursar, 1, 4_070);
  const estimate = { inputTokens: 0, outputTokensMax: 1_000 };
  for (const used of [0, 100, 101, 1_000, 1_001]) await make(bursar, 1, used, { estimate });
  expect(service.estimates.counts).toEqual({
    learnedFrom: 52,
    keys: 1,
    accuracy: {
      // At most 10, 25, 50, 75, 90, 100, 110, 150, 200 and 500 per cent, and more.
      asked: { settled: 5, overages: 1, usedPercent: [2, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0] },
      worst: { settled: 50, overages: 0, usedPercent: [50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
      learned: { settled: 2, overages: 1, usedPercent: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] },
    },
  });
});
