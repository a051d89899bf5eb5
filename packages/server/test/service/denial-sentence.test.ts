/** Every sentence that a denial can be worded with, as it is. */
import type { BudgetView, ExhaustedRate, MoneyDenial, ShortBudget } from '@bursar/api';
import { describe, expect, it } from 'vitest';
import { denialSentence, type Unworded, worded } from '../../src/service/denial-sentence.ts';

const SHARED = {
  decision: 'denied',
  budgets: [],
  outputTokensThatFit: null,
  ownKey: null,
  mode: {
    mode: 'direct',
    reason: null,
    since: '2026-11-15T12:00:00.000Z',
    worstOverspendUsd: '0.00',
  },
} as const;

const DECEMBER = '2026-12-01T00:00:00.000Z';

const credit: BudgetView = {
  scope: { kind: 'user', name: 'alice' },
  budget: 'credit',
  period: '2026-11',
  limitUsd: '1.00',
  grantedUsd: '0.00',
  settledUsd: '0.60',
  reservedUsd: '0.10',
  availableUsd: '0.30',
  resetsAt: DECEMBER,
};
const daily: BudgetView = {
  ...credit,
  scope: { kind: 'team', name: 'core "A"' },
  budget: 'daily',
  period: '2026-11-15',
  resetsAt: '2026-11-16T00:00:00.000Z',
};

function money(...budgets: readonly [ShortBudget, ...ShortBudget[]]) {
  const [{ budget, missingUsd }] = budgets;
  const rest: Omit<MoneyDenial<never>, 'reason' | 'message'> = {
    ...SHARED,
    budget,
    neededUsd: '0.50',
    heldUsd: '0.00',
    missingUsd,
    budgets,
  };
  return rest;
}

const short: ShortBudget = { budget: credit, missingUsd: '0.20', fitsAgainAt: DECEMBER };
const exhausted = {
  ...money(short),
  reason: 'budget_exhausted',
  fitsAgainAt: DECEMBER,
} as const;

const rate: ExhaustedRate = {
  scope: { kind: 'user', name: 'alice' },
  name: 'burst',
  counts: 'requests',
  limit: 10,
  used: 10,
  remaining: 0,
  windowMs: 60_000,
  resetAt: '2026-11-15T12:01:00.000Z',
  renewsAfterMs: null,
  retryAt: '2026-11-15T12:00:01.500Z',
};
const share = {
  budget: daily,
  heldByCallerUsd: '0.40',
  shareMaxUsd: '0.50',
  missingUsd: '0.20',
};

const CASES: readonly (readonly [title: string, denial: Unworded, sentence: string])[] = [
  [
    'one budget that is exhausted',
    exhausted,
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z.',
  ],
  [
    'two budgets that are, with what fits now',
    {
      ...exhausted,
      ...money(short, { budget: daily, missingUsd: '0.05', fitsAgainAt: daily.resetsAt }),
      outputTokensThatFit: 120,
    },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'The budget "daily" of team "core \\"A\\"" for 2026-11-15 lacks $0.05. ' +
      'It fits now with at most 120 output tokens. ' +
      'The last of their next periods begins at 2026-12-01T00:00:00.000Z.',
  ],
  [
    'a running call that cannot grow, beside others that may end',
    {
      ...exhausted,
      ...money({
        ...short,
        budget: { ...credit, settledUsd: '0.30', reservedUsd: '0.60', availableUsd: '0.10' },
      }),
      heldUsd: '0.20',
    },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50, of which $0.20 is set aside already; ' +
      '$0.10 is available, $0.20 is missing. $0.40 is set aside for other calls and may become free. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z.',
  ],
  [
    'a budget in overage, which has nothing available',
    {
      ...exhausted,
      ...money({
        ...short,
        budget: { ...credit, availableUsd: '-0.000000001' },
        missingUsd: '0.50',
      }),
    },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.00 is available, $0.50 is missing. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z.',
  ],
  [
    'a budget for a lifetime',
    {
      ...exhausted,
      ...money({ ...short, budget: { ...credit, period: 'lifetime' }, fitsAgainAt: null }),
      fitsAgainAt: null,
    },
    'The credit of user "alice" for lifetime does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'There is no next period: it fits only if the limit is raised.',
  ],
  [
    'a limit that is too small',
    {
      ...money({
        budget: { ...credit, limitUsd: '0.40' },
        missingUsd: '0.20',
        fitsAgainAt: null,
      }),
      reason: 'limit_too_small',
      fitsAgainAt: null,
      outputTokensThatFit: 7,
    },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'It fits now with at most 7 output tokens. ' +
      'It is more than the whole limit of $0.40: it fits in no period unless the limit is raised.',
  ],
  [
    'a rate',
    { ...SHARED, reason: 'rate_limited', rates: [rate], retryAfterMs: 1_500 },
    'The rate "burst" of user "alice" has no room for this call: 0 of 10 requests remain. Try again in 2 seconds.',
  ],
  [
    'several rates, whatever they count',
    {
      ...SHARED,
      reason: 'rate_limited',
      rates: [
        { ...rate, name: 'a', counts: 'inputTokens', limit: 1_000, remaining: 20 },
        { ...rate, name: 'b', counts: 'totalTokens', limit: 2_000, remaining: 30 },
        { ...rate, name: 'c', counts: 'money', limit: 2_000_000_000, remaining: 500_000_000 },
        { ...rate, name: 'd', counts: 'outputTokens', limit: 900, remaining: 40 },
        { ...rate, name: 'e', counts: 'units', limit: 7, remaining: 0 },
      ],
      retryAfterMs: 40,
      outputTokensThatFit: 3,
    },
    'The rate "a" of user "alice" has no room for this call: 20 of 1000 input tokens remain. ' +
      'The rate "b" of user "alice" has no room for this call: 30 of 2000 tokens remain. ' +
      'The rate "c" of user "alice" has no room for this call: $0.50 of $2.00 remain. ' +
      'The rate "d" of user "alice" has no room for this call: 40 of 900 output tokens remain. ' +
      'The rate "e" of user "alice" has no room for this call: 0 of 7 units remain. ' +
      'Try again in 1 second. It fits now with at most 3 output tokens.',
  ],
  [
    'a call that is more than a whole rate',
    {
      ...SHARED,
      reason: 'rate_limited',
      rates: [{ ...rate, retryAt: null }],
      retryAfterMs: null,
    },
    'The rate "burst" of user "alice" has no room for this call: 0 of 10 requests remain. ' +
      'It needs more than the whole limit: it never fits unless the limit is raised.',
  ],
  [
    'a share that running calls use up',
    { ...SHARED, ...share, reason: 'share_exceeded', shares: [share], neededUsd: '0.30' },
    'This call may cost up to $0.30, and too much would be set aside for one caller at once. ' +
      'Of the budget "daily" of team "core \\"A\\"" for 2026-11-15 it may be $0.50; $0.40 is, so it is $0.20 too much. ' +
      'It fits when running calls of the same caller have ended.',
  ],
  [
    'a call that alone is more than a share',
    { ...SHARED, ...share, reason: 'share_exceeded', shares: [share], neededUsd: '0.51' },
    'This call may cost up to $0.51, and too much would be set aside for one caller at once. ' +
      'Of the budget "daily" of team "core \\"A\\"" for 2026-11-15 it may be $0.50; $0.40 is, so it is $0.20 too much. ' +
      'The call alone is more than one caller may have.',
  ],
  [
    'too many input tokens',
    { ...SHARED, reason: 'request_too_large', counts: 'inputTokens', limit: 9, actual: 10 },
    'The request may have 10 input tokens, and at most 9 are accepted.',
  ],
  [
    'too many bytes',
    { ...SHARED, reason: 'request_too_large', counts: 'bytes', limit: 9, actual: 10 },
    'The request has 10 bytes, and at most 9 are accepted.',
  ],
  [
    'no key of the user’s own',
    {
      ...exhausted,
      ownKey: { state: 'none', provider: 'openai', howToAdd: 'Add one with: bursar key set.' },
    },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z. ' +
      'The user has no key of their own for openai that could pay instead. Add one with: bursar key set.',
  ],
  [
    'a key of the user’s own that the provider turned down',
    { ...exhausted, ownKey: { state: 'rejected', provider: 'openai', howToAdd: null } },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z. ' +
      "The user's own key for openai was not accepted by the provider.",
  ],
  [
    'a provider that takes no keys of users',
    { ...exhausted, ownKey: { state: 'not_supported', provider: 'local', howToAdd: null } },
    'The credit of user "alice" for 2026-11 does not cover this call: it may cost up to $0.50; $0.30 is available, $0.20 is missing. ' +
      'The next period begins at 2026-12-01T00:00:00.000Z. ' +
      "Calls to local cannot be paid with a key of the user's own.",
  ],
];

describe('a denial is worded from its data alone', () => {
  it.each(CASES)('%s', (_title, denial, sentence) => {
    expect(denialSentence(denial)).toBe(sentence);
    expect(worded(denial)).toEqual({ ...denial, message: sentence });
  });
});
