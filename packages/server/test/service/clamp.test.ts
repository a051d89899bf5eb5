/** Clamping: with the caller's leave as much output is reserved as fits, and never more. */
import { MemoryTier, type OutcomeOf, parseUsd, type Command } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualTime } from '../support/manual-time.ts';
import { refusalOf } from '../support/refusal.ts';
import { idOf, openTestService } from '../support/test-service.ts';

const CALL = { reservation: idOf(1), user: 'alice', model: 'test-model' };
/** 100,000 × $1 + 1,000,000 × $2 a million: $2.10, where there is a dollar. */
const TOO_MUCH = { inputTokens: 100_000, outputTokensMax: 1_000_000 };

/** A memory tier that does `meanwhile` after each decision to reserve, and counts them. */
class BusyTier extends MemoryTier {
  reserves = 0;
  meanwhile: () => Promise<unknown> = async () => {};
  #isBusy = false;

  override async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    const outcome = await super.execute(command);
    if (command.kind !== 'reserve' || this.#isBusy) return outcome;
    this.reserves += 1;
    this.#isBusy = true;
    await this.meanwhile();
    this.#isBusy = false;
    return outcome;
  }
}

function openBusy(limitUsd: string) {
  const time = new ManualTime();
  const defaultLimit = parseUsd(limitUsd);
  const tier = new BusyTier({ clock: time, defaultLimit });
  return { tier, bursar: openTestService({ tier, time, defaultLimitUsd: limitUsd }).as() };
}

describe('with the leave to clamp', () => {
  it('a call that fits is reserved as it is', async () => {
    const bursar = openTestService({ defaultLimitUsd: '2.10' }).as();
    expect(await bursar.meter.reserve({ ...CALL, estimate: TOO_MUCH, clamp: {} })).toMatchObject({
      decision: 'allowed',
      heldUsd: '2.10',
      outputTokensMax: 1_000_000,
      clamped: false,
    });
  });

  it('a call that does not is reserved with exactly as much output as fits', async () => {
    const bursar = openTestService().as();
    const answer = await bursar.meter.reserve({ ...CALL, estimate: TOO_MUCH, clamp: {} });
    expect(answer).toMatchObject({
      decision: 'allowed',
      heldUsd: '1.00',
      outputTokensMax: 450_000,
      clamped: true,
      budgets: [{ reservedUsd: '1.00', availableUsd: '0.00' }],
    });
  });

  it('so is one without an output bound of its own', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.0002' }).as();
    const estimate = { inputTokens: 0 };
    expect(await bursar.meter.reserve({ ...CALL, estimate, clamp: {} })).toMatchObject({
      outputTokensMax: 100,
      clamped: true,
    });
  });

  it('is denied as it was asked when less fits than is of use, and holds nothing', async () => {
    const { tier, bursar } = openBusy('1.00');
    const clamp = { outputTokensMin: 450_001 };
    expect(await bursar.meter.reserve({ ...CALL, estimate: TOO_MUCH, clamp })).toMatchObject({
      decision: 'denied',
      neededUsd: '2.10',
      missingUsd: '1.10',
      outputTokensThatFit: 450_000,
    });
    expect(tier.reserves).toBe(1);
    expect(await bursar.usage.current({ user: 'alice' })).toMatchObject({ reservedUsd: '0.00' });
  });

  it('is denied when not one token fits, or none was asked for', async () => {
    const bursar = openTestService({ defaultLimitUsd: '0.10' }).as();
    for (const outputTokensMax of [0, 1_000]) {
      const estimate = { inputTokens: 200_000, outputTokensMax };
      expect(await bursar.meter.reserve({ ...CALL, estimate, clamp: {} })).toMatchObject({
        decision: 'denied',
      });
    }
  });
});

describe('a repeat', () => {
  it.each([
    ['has less room', '0.01'],
    ['has room for all of it', '50'],
  ])('is answered with the same cap although the budget now %s', async (_what, limitUsd) => {
    const bursar = openTestService().as();
    const call = { ...CALL, estimate: TOO_MUCH, clamp: {} };
    await bursar.meter.reserve(call);
    await bursar.limits.set({ user: 'alice', limitUsd });
    expect(await bursar.meter.reserve(call)).toMatchObject({
      decision: 'allowed',
      replayed: true,
      heldUsd: '1.00',
      outputTokensMax: 450_000,
      clamped: true,
      budgets: [{ reservedUsd: '1.00' }],
    });
  });

  it('on another server finds the cap in the store', async () => {
    const first = openTestService();
    const call = { ...CALL, estimate: TOO_MUCH, clamp: {} };
    await first.as().meter.reserve(call);
    const second = openTestService({ tier: first.tier, time: first.time }).as();
    expect(await second.meter.reserve(call)).toMatchObject({ outputTokensMax: 450_000 });
  });

  it.each([
    ['without the leave', undefined],
    ['with another least output', { outputTokensMin: 2 }],
  ])('%s is another request', async (_what, clamp) => {
    const bursar = openTestService().as();
    await bursar.meter.reserve({ ...CALL, estimate: TOO_MUCH, clamp: { outputTokensMin: 1 } });
    const other = bursar.meter.reserve({ ...CALL, estimate: TOO_MUCH, clamp });
    expect(await refusalOf(other)).toMatchObject({ code: 'idempotency_key_reused' });
  });
});

describe('while others reserve and settle at the same time', () => {
  it('tries again with what is left, and tells what was left at last when it gives up', async () => {
    const { tier, bursar } = openBusy('1.00');
    let other = 1;
    tier.meanwhile = async () => {
      other += 1;
      const call = { reservation: idOf(other), user: 'alice', model: 'test-model' };
      await bursar.meter.reserve({ ...call, amountUsd: '0.10' });
    };
    const estimate = { inputTokens: 0, outputTokensMax: 1_000_000 };
    const denied = await bursar.meter.reserve({ ...CALL, estimate, clamp: {} });
    // Each of its four decisions came too late by ten cents, the last one at $0.70.
    expect(denied).toMatchObject({
      decision: 'denied',
      neededUsd: '2.00',
      missingUsd: '1.30',
      outputTokensThatFit: 350_000,
      budgets: [{ missingUsd: '1.30', budget: { availableUsd: '0.70' } }],
    });
    expect(tier.reserves).toBe(4);
    tier.meanwhile = async () => {};
    expect(
      await bursar.meter.reserve({ ...CALL, reservation: idOf(99), estimate, clamp: {} }),
    ).toMatchObject({ outputTokensMax: 300_000, clamped: true });
  });

  it('never holds more than the limit, whatever comes between its decisions', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 900_000_000 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 2_000_000 }),
        fc.integer({ min: 1, max: 2_000_000 }),
        async (amounts, outputTokensMax, outputTokensMin) => {
          const { tier, bursar } = openBusy('1.00');
          tier.meanwhile = async () => {
            const amount = amounts.pop();
            if (amount === undefined) return;
            const amountUsd = (amount / 1e9).toFixed(9);
            const call = { reservation: idOf(amounts.length + 2), user: 'alice', model: 'x' };
            await bursar.meter.reserve({ ...call, amountUsd });
          };
          const estimate = { inputTokens: 100_000, outputTokensMax };
          const answer = await bursar.meter.reserve({
            ...CALL,
            estimate,
            clamp: { outputTokensMin },
          });
          const { availableUsd } = await bursar.usage.current({ user: 'alice' });
          expect(availableUsd).not.toMatch(/^-/);
          expect(tier.reserves).toBeLessThanOrEqual(4);
          if (answer.decision === 'denied') return;
          const cap = answer.outputTokensMax ?? 0;
          expect(answer.clamped).toBe(cap < outputTokensMax);
          expect(cap).toBeGreaterThanOrEqual(Math.min(outputTokensMin, outputTokensMax));
          expect(parseUsd(answer.heldUsd)).toBe((100_000 + 2 * cap) * 1_000);
        },
      ),
    );
  });
});

it('an amount cannot be clamped', async () => {
  const call = openTestService()
    .as()
    .meter.reserve({ ...CALL, amountUsd: '2', clamp: {} });
  expect(await refusalOf(call)).toMatchObject({ code: 'input_invalid', field: 'clamp' });
});
