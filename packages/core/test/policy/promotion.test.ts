import {
  type Amount,
  type DurationMs,
  INSTANT_MAX,
  type InstantMs,
  promote,
  type PromotionRule,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';

const DAY = 86_400_000;
const SINCE = Date.UTC(2026, 10, 1) as InstantMs;
const rule = (from: string, to: string, usd: number, days: number): PromotionRule => ({
  from,
  to,
  spentMin: (usd * 1e9) as Amount,
  ageMsMin: (days * DAY) as DurationMs,
});
const RULES = [rule('free', 'one', 5, 0), rule('one', 'two', 50, 7), rule('two', 'three', 100, 7)];

function promoted(plan: string, usd: number, days: number, rules = RULES) {
  const facts = { plan, spent: (usd * 1e9) as Amount, sinceMs: SINCE };
  const { plan: now, steps, nextAtMs } = promote(rules, facts, (SINCE + days * DAY) as InstantMs);
  return [steps.map(({ rule: { to } }) => to).join(' '), now, nextAtMs];
}

describe('a promotion (C18)', () => {
  it('falls due at the instant at which both spend and age are reached, and not before', () => {
    expect(promoted('one', 50, 7 - 1 / DAY)).toEqual(['', 'one', SINCE + 7 * DAY]);
    expect(promoted('one', 50, 7)).toEqual(['two', 'two', null]);
    expect(promoted('one', 50 - 1e-9, 70)).toEqual(['', 'one', null]);
  });

  it('leads over several plans at once', () => {
    expect(promoted('free', 500, 7)).toEqual(['one two three', 'three', null]);
    expect(promoted('free', 500, 6)).toEqual(['one', 'one', SINCE + 7 * DAY]);
  });

  it('moves nobody who has another plan, nor anybody back', () => {
    expect(promoted('special', 500, 700)).toEqual(['', 'special', null]);
    expect(promoted('three', 0, 0)).toEqual(['', 'three', null]);
  });

  it('goes where most is asked for, when several are due', () => {
    const rules = [
      rule('free', 'b', 5, 1),
      rule('free', 'dear', 6, 0),
      rule('free', 'old', 6, 1),
      rule('free', 'aged', 6, 1),
    ];
    for (const order of [rules, rules.toReversed()]) {
      expect(promoted('free', 10, 3, order)[1]).toBe('aged');
      expect(promoted('free', 10, 0.5, order)[1]).toBe('dear');
      expect(promoted('free', 5, 3, order)[1]).toBe('b');
    }
  });

  it('says why, for the audit log', () => {
    const facts = { plan: 'one', spent: 5e10 as Amount, sinceMs: SINCE };
    expect(promote(RULES, facts, INSTANT_MAX).steps[0]?.because).toBe(
      'From "one" to "two": $50.00 or more spent, and there for 7 days or more.',
    );
  });

  it('that leads back is refused instead of going round for ever', () => {
    expect(() => promoted('a', 1, 1, [rule('a', 'b', 0, 0), rule('b', 'a', 0, 0)])).toThrow(
      'lead back',
    );
  });
});
