/** Reserving: what is asked, priced and answered. */
import { MemoryTier, parseUsd, type Tier } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { ManualTime } from '../support/manual-time.ts';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService, testPrices } from '../support/test-service.ts';

const CALL = { user: 'alice', model: 'test-model' };
/** 100,000 × $1 + 200,000 × $2 a million: $0.50. */
const HALF_A_DOLLAR = { inputTokens: 100_000, outputTokensMax: 200_000 };

describe('what is set aside', () => {
  it('is the most that the tokens can cost at the present price', async () => {
    const bursar = openTestService().as();
    const answer = await bursar.meter.reserve({
      reservation: idOf(1),
      ...CALL,
      estimate: HALF_A_DOLLAR,
    });
    expect(answer).toMatchObject({
      decision: 'allowed',
      replayed: false,
      heldUsd: '0.50',
      priceVersion: 'v1',
      deadlineAt: '2026-11-15T12:10:00.000Z',
      budgets: [{ reservedUsd: '0.50', availableUsd: '0.50', settledUsd: '0.00' }],
    });
  });

  it('is for as many output tokens as a model can produce when the caller sets no bound', async () => {
    const bursar = openTestService({ defaultLimitUsd: '100.00' }).as();
    const answer = await bursar.meter.reserve({
      reservation: idOf(1),
      ...CALL,
      estimate: { inputTokens: 0 },
    });
    // The model is not listed, so it gets the bound of nearly all models: 128,000 × $2 a million.
    expect(answer).toMatchObject({ decision: 'allowed', heldUsd: '0.256' });
  });

  it('is what the caller says when the caller names an amount, whatever the model', async () => {
    const bursar = openTestService().as();
    const call = { reservation: idOf(1), user: 'alice', model: 'nobody-knows', amountUsd: '0.25' };
    expect(await bursar.meter.reserve(call)).toMatchObject({
      decision: 'allowed',
      heldUsd: '0.25',
    });
  });

  it('is nothing for a model whose price is an explicit zero, also when all credit is spent', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0' }).as();
    const estimate = { inputTokens: 1_000, outputTokensMax: 1_000 };
    const free = await bursar.meter.reserve({
      reservation: idOf(1),
      user: 'alice',
      model: 'free-model',
      estimate,
    });
    expect(free).toMatchObject({ decision: 'allowed', heldUsd: '0.00' });
    const paid = await bursar.meter.reserve({ reservation: idOf(2), ...CALL, estimate });
    expect(paid).toMatchObject({ decision: 'denied' });
  });
});

describe('a model without a price', () => {
  it('is refused, and nothing is set aside', async () => {
    const { as, tier } = openTestService();
    const bursar = as();
    const call = bursar.meter.reserve({
      reservation: idOf(1),
      user: 'alice',
      model: 'nobody-knows',
      estimate: HALF_A_DOLLAR,
    });
    expect(await refusalOf(call)).toMatchObject({ code: 'price_unknown', field: 'model' });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '0.00' });
    expect(await tier.reservation(`acme/${idOf(1)}` as never)).toBeUndefined();
  });
});

describe('a price that does not cover everything', () => {
  it.each([
    ['output tokens', { inputTokens: 10 }, 'estimate.outputTokensMax'],
    ['named output tokens', { inputTokens: 10, outputTokensMax: 1 }, 'estimate.outputTokensMax'],
  ])('refuses a call that may have %s, naming the field', async (_what, estimate, field) => {
    const bursar = openTestService().as();
    const call = { reservation: idOf(1), user: 'alice', model: 'input-only', estimate };
    expect(await refusalOf(bursar.meter.reserve(call))).toMatchObject({
      code: 'price_unknown',
      field,
    });
  });

  it('admits a call that says it has none', async () => {
    const bursar = openTestService().as();
    const estimate = { inputTokens: 100_000, outputTokensMax: 0 };
    const call = { reservation: idOf(1), user: 'alice', model: 'input-only', estimate };
    expect(await bursar.meter.reserve(call)).toMatchObject({ heldUsd: '0.10' });
  });
});

describe('a model with a price for audio', () => {
  const estimate = { inputTokens: 1_000, outputTokensMax: 1_000 };
  const call = { user: 'alice', model: 'audio-model' };

  it('holds the price of text for a text call, and that of audio for a call with audio', async () => {
    const bursar = openTestService().as();
    const text = await bursar.meter.reserve({ reservation: idOf(1), ...call, estimate });
    expect(text).toMatchObject({ heldUsd: '0.002' });
    const audio = { ...estimate, audio: true };
    const spoken = await bursar.meter.reserve({ reservation: idOf(2), ...call, estimate: audio });
    expect(spoken).toMatchObject({ heldUsd: '0.02' });
  });
});

describe('a denial', () => {
  it('names the budget, what is missing, when it fits again and how many output tokens fit now', async () => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.70' });
    const denied = await bursar.meter.reserve({
      reservation: idOf(2),
      ...CALL,
      estimate: HALF_A_DOLLAR,
    });
    const budget = {
      scope: { kind: 'user', name: 'alice' },
      budget: 'credit',
      period: '2026-11',
      limitUsd: '1.00',
      grantedUsd: '0.00',
      settledUsd: '0.00',
      reservedUsd: '0.70',
      availableUsd: '0.30',
      resetsAt: '2026-12-01T00:00:00.000Z',
    };
    expect(denied).toEqual({
      decision: 'denied',
      reason: 'budget_exhausted',
      neededUsd: '0.50',
      heldUsd: '0.00',
      missingUsd: '0.20',
      fitsAgainAt: '2026-12-01T00:00:00.000Z',
      outputTokensThatFit: 100_000,
      budget,
      budgets: [{ budget, missingUsd: '0.20', fitsAgainAt: '2026-12-01T00:00:00.000Z' }],
      ownKey: null,
      message:
        'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; ' +
        '$0.30 is available, $0.20 is missing. It fits now with at most 100000 output tokens. ' +
        '$0.70 is set aside for other calls and may become free. ' +
        'The next period begins at 2026-12-01T00:00:00.000Z.',
      mode: {
        mode: 'direct',
        reason: null,
        since: '2026-11-15T12:00:00.000Z',
        worstOverspendUsd: '0.00',
      },
    });
  });

  it('names an output bound with which the same call is then allowed, and one more token is not', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.1234567' }).as();
    const ask = async (number: number, outputTokensMax: number) =>
      bursar.meter.reserve({
        reservation: idOf(number),
        ...CALL,
        estimate: { inputTokens: 777, outputTokensMax },
      });
    const denied = await ask(1, 10_000_000);
    if (denied.decision !== 'denied') throw new Error('expected a denial');
    const fitting = denied.outputTokensThatFit ?? 0;
    expect(await ask(2, fitting + 1)).toMatchObject({ decision: 'denied' });
    expect(await ask(3, fitting)).toMatchObject({ decision: 'allowed' });
  });

  it('says so when the call is more than the whole limit, and when not one output token fits', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.01' }).as();
    const denied = await bursar.meter.reserve({
      reservation: idOf(1),
      ...CALL,
      estimate: HALF_A_DOLLAR,
    });
    expect(denied).toMatchObject({
      decision: 'denied',
      reason: 'limit_too_small',
      fitsAgainAt: null,
      budgets: [{ fitsAgainAt: null }],
      outputTokensThatFit: null,
    });
    expect((denied as { message: string }).message).toContain(
      'It is more than the whole limit of $0.01: it fits in no period unless the limit is raised.',
    );
  });
});

describe('a request with more input tokens than any may have', () => {
  const estimate = { inputTokens: 1_001, outputTokensMax: 1 };

  it('is denied before anything is held, priced or opened, saying what is accepted', async () => {
    const { as, tier } = openTestService({ inputTokensMax: 1_000 });
    const bursar = as();
    const reservation = idOf(1);
    for (const model of ['test-model', 'free-model', 'nobody-knows']) {
      const denied = await bursar.meter.reserve({ reservation, user: 'alice', model, estimate });
      expect(denied).toEqual({
        decision: 'denied',
        reason: 'request_too_large',
        counts: 'inputTokens',
        limit: 1_000,
        actual: 1_001,
        budgets: [],
        outputTokensThatFit: null,
        ownKey: null,
        message: 'The request may have 1001 input tokens, and at most 1000 are accepted.',
        mode: expect.objectContaining({ mode: 'direct' }),
      });
    }
    expect(await tier.reservation(`acme/${reservation}` as never)).toBeUndefined();
    const fits = { ...estimate, inputTokens: 1_000 };
    expect(await bursar.meter.reserve({ reservation, ...CALL, estimate: fits })).toMatchObject({
      decision: 'allowed',
    });
  });
});

describe('the same id again', () => {
  it('is answered as before and sets nothing more aside', async () => {
    const bursar = openTestService().as();
    const call = { reservation: idOf(1), ...CALL, estimate: HALF_A_DOLLAR };
    await bursar.meter.reserve(call);
    expect(await bursar.meter.reserve(call)).toMatchObject({
      decision: 'allowed',
      replayed: true,
      heldUsd: '0.50',
      budgets: [{ reservedUsd: '0.50' }],
    });
  });

  it('is a repeat although the price has changed in between, and keeps the price it was made with', async () => {
    const { tier, time, as } = openTestService();
    const call = { reservation: idOf(1), ...CALL, estimate: HALF_A_DOLLAR };
    await as().meter.reserve(call);
    const dearer = openTestService({ tier, time, prices: testPrices('v2', 9_000_000_000) }).as();
    expect(await dearer.meter.reserve(call)).toMatchObject({
      decision: 'allowed',
      replayed: true,
      heldUsd: '0.50',
      priceVersion: 'v1',
    });
    const usage = { inputTokens: 100_000, outputTokens: 200_000 };
    expect(await dearer.meter.settle({ reservation: idOf(1), usage })).toMatchObject({
      costUsd: '0.50',
    });
  });

  it('is a repeat although the model has lost its price in between', async () => {
    const { tier, time, as } = openTestService();
    const call = { reservation: idOf(1), ...CALL, estimate: HALF_A_DOLLAR };
    await as().meter.reserve(call);
    const prices = { ...testPrices('v2'), lookup: () => undefined };
    const later = openTestService({ tier, time, prices }).as();
    expect(await later.meter.reserve(call)).toMatchObject({ decision: 'allowed', replayed: true });
  });

  it.each([
    ['another user', { user: 'bob' }],
    ['another model', { model: 'free-model' }],
    ['another bound', { estimate: { inputTokens: 100_000, outputTokensMax: 1 } }],
    ['another life', { ttlMs: 5_000 }],
  ])('with %s is refused, and the first stays', async (_what, change) => {
    const bursar = openTestService().as();
    const call = { reservation: idOf(1), ...CALL, estimate: HALF_A_DOLLAR };
    await bursar.meter.reserve(call);
    expect(await refusalOf(bursar.meter.reserve({ ...call, ...change }))).toMatchObject({
      code: 'idempotency_key_reused',
      field: 'reservation',
    });
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '0.50' });
    expect(await bursar.usage.current({ user: 'bob' })).toMatchObject({ reservedUsd: '0.00' });
  });

  it('with the same amount written differently is a repeat', async () => {
    const bursar = openTestService().as();
    const call = { reservation: idOf(1), ...CALL };
    await bursar.meter.reserve({ ...call, amountUsd: '0.5' });
    expect(await bursar.meter.reserve({ ...call, amountUsd: '0.50' })).toMatchObject({
      replayed: true,
    });
  });
});

describe('the period', () => {
  it("is the store's when the two clocks are in different months, in either direction", async () => {
    for (const [ours, theirs, period] of [
      [Date.UTC(2026, 10, 30, 23, 59, 50), Date.UTC(2026, 11, 1, 0, 0, 10), '2026-12'],
      [Date.UTC(2026, 11, 1, 0, 0, 10), Date.UTC(2026, 10, 30, 23, 59, 50), '2026-11'],
    ] as const) {
      const tier = new MemoryTier({ clock: new ManualTime(theirs), defaultLimit: parseUsd('1') });
      const bursar = openTestService({ tier, time: new ManualTime(ours) }).as();
      const answer = await bursar.meter.reserve({
        reservation: idOf(1),
        ...CALL,
        amountUsd: '0.10',
      });
      expect(answer).toMatchObject({ decision: 'allowed', budgets: [{ period }] });
    }
  });

  it('is given up on, retryably and without a change, when the store contradicts its own clock', async () => {
    const { tier, time } = openTestService();
    const confused: Tier = Object.create(tier, {
      execute: { value: async () => ({ outcome: 'period_mismatch', nowMs: time.nowMs() }) },
    }) as Tier;
    const bursar = openTestService({ tier: confused, time }).as();
    const call = bursar.meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.10' });
    expect(await refusalOf(call)).toMatchObject({ code: 'store_unavailable' });
  });
});

describe('tenants', () => {
  it('share neither users nor reservation ids', async () => {
    const { as } = openTestService();
    const call = { reservation: idOf(1), ...CALL, amountUsd: '0.60' };
    expect(await as('acme').meter.reserve(call)).toMatchObject({ replayed: false });
    expect(await as('other').meter.reserve(call)).toMatchObject({ replayed: false });
    expect(await as('other').usage.current({ user: 'alice' })).toMatchObject({
      reservedUsd: '0.60',
    });
  });

  it("cannot extend, settle or release each other's reservations, which look unknown to them", async () => {
    const { as } = openTestService();
    await as('acme').meter.reserve({ reservation: idOf(1), ...CALL, amountUsd: '0.60' });
    const { meter } = as('other');
    const reservation = idOf(1);
    for (const call of [
      meter.extend({ reservation }),
      meter.settle({ reservation, costUsd: '0' }),
      meter.release({ reservation }),
    ]) {
      expect(await refusalOf(call)).toMatchObject({
        code: 'reservation_not_found',
        field: 'reservation',
      });
    }
    expect(await as('acme').usage.current({ user: 'alice' })).toMatchObject({
      reservedUsd: '0.60',
    });
  });
});
