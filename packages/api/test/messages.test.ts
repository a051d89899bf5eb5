import { AMOUNT_MAX, formatUsd, NAME_BYTES_MAX, UNITS_MAX, USAGE_CLASS_NAMES } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { reserveInput } from '../src/schemas/reserve.ts';
import { setLimitInput } from '../src/schemas/limits.ts';
import { settleInput } from '../src/schemas/settle.ts';
import { usageHistoryInput } from '../src/schemas/usage.ts';

const RESERVE = {
  reservation: '019a0000-0000-7000-8000-000000000001',
  user: 'alice',
  model: 'gpt-4o',
  estimate: { inputTokens: 10 },
};
const SETTLE = { reservation: RESERVE.reservation, usage: { inputTokens: 1 } };

describe('messages', () => {
  it('take the largest values there are, and nothing above', () => {
    expect(reserveInput.safeParse({ ...RESERVE, user: 'x'.repeat(NAME_BYTES_MAX) }).success).toBe(
      true,
    );
    expect(
      reserveInput.safeParse({ ...RESERVE, user: 'x'.repeat(NAME_BYTES_MAX + 1) }).success,
    ).toBe(false);
    expect(
      reserveInput.safeParse({ ...RESERVE, estimate: { inputTokens: UNITS_MAX } }).success,
    ).toBe(true);
    expect(
      reserveInput.safeParse({ ...RESERVE, estimate: { inputTokens: UNITS_MAX + 1 } }).success,
    ).toBe(false);
    expect(setLimitInput.safeParse({ user: 'a', limitUsd: formatUsd(AMOUNT_MAX) }).success).toBe(
      true,
    );
    expect(
      setLimitInput.safeParse({ user: 'a', limitUsd: formatUsd(BigInt(AMOUNT_MAX) + 1n) }).success,
    ).toBe(false);
    expect(usageHistoryInput.safeParse({ user: 'a', limit: 201 }).success).toBe(false);
  });

  it('take every class of usage that core knows, and no other', () => {
    const usage = Object.fromEntries(USAGE_CLASS_NAMES.map((name) => [name, 1]));
    expect(settleInput.parse({ ...SETTLE, usage })).toMatchObject({ usage });
    expect(settleInput.safeParse({ ...SETTLE, usage: { goldTokens: 1 } }).success).toBe(false);
  });

  it('want tokens or an amount, and not both', () => {
    const { estimate: _estimate, ...bare } = RESERVE;
    expect(reserveInput.safeParse(bare).success).toBe(false);
    expect(reserveInput.safeParse({ ...bare, amountUsd: '0.10' }).success).toBe(true);
    expect(reserveInput.safeParse({ ...RESERVE, amountUsd: '0.10' }).success).toBe(false);
    expect(settleInput.safeParse({ ...SETTLE, costUsd: '1' }).success).toBe(false);
  });

  it.each([
    ['a negative count', { ...SETTLE, usage: { inputTokens: -1 } }],
    ['a fraction', { ...SETTLE, usage: { inputTokens: 1.5 } }],
    ['a count in a text', { ...SETTLE, usage: { inputTokens: '1' } }],
    ['an amount as a number', { reservation: SETTLE.reservation, costUsd: 1 }],
    ['an exponent', { reservation: SETTLE.reservation, costUsd: '1e3' }],
    ['a sign', { reservation: SETTLE.reservation, costUsd: '-1' }],
    ['a tenth decimal', { reservation: SETTLE.reservation, costUsd: '0.0000000001' }],
    ['an unknown field', { ...SETTLE, tenant: 'other' }],
    ['a list instead of a record', [SETTLE]],
  ])('refuse %s', (_title, message) => {
    expect(settleInput.safeParse(message).success).toBe(false);
  });
});
