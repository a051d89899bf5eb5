/** Policies of limiters in JSON: what is taken, and what is refused with the field and the fix. */
import {
  AMOUNT_MAX,
  checkLimiterPolicy,
  compilePolicies,
  parsePolicySet,
  resolve,
} from '@bursar/core';
import { expect, it } from 'vitest';
import { caller, CREDIT_EACH, NOON } from '../policy/sets.ts';
import { everyPolicy } from './limiters.ts';

it.each(everyPolicy(100).map((policy) => [policy.algorithm, policy] as const))(
  'reads %s as it is written',
  (_algorithm, policy) => {
    expect(checkLimiterPolicy(JSON.parse(JSON.stringify(policy)), 'limiter')).toEqual(policy);
  },
);

it.each([
  ['no object', 'token-bucket', 'limiter', 'must be an object'],
  ['no algorithm', { limit: 1 }, 'limiter.algorithm', 'must be one of token-bucket, gcra'],
  ['an unknown algorithm', { algorithm: 'leaky' }, 'limiter.algorithm', 'must be one of'],
  [
    'a field of another',
    { algorithm: 'concurrency', limit: 1, windowMs: 1 },
    'limiter.windowMs',
    'is not known here',
  ],
  ['no limit', { algorithm: 'concurrency' }, 'limiter.limit', 'whole number from 0'],
  ['a negative limit', { algorithm: 'concurrency', limit: -1 }, 'limiter.limit', 'whole number'],
  ['a limit in text', { algorithm: 'concurrency', limit: '5' }, 'limiter.limit', 'whole number'],
  ['half a permit', { algorithm: 'concurrency', limit: 0.5 }, 'limiter.limit', 'whole number'],
  [
    'a limit above 2^53',
    { algorithm: 'concurrency', limit: 2 ** 53 },
    'limiter.limit',
    `to ${AMOUNT_MAX}`,
  ],
  [
    'no window',
    { algorithm: 'fixed-window', limit: 1, windowMs: 0 },
    'limiter.windowMs',
    'from 1 to',
  ],
  [
    'a window of 32 days',
    { algorithm: 'fixed-window', limit: 1, windowMs: 32 * 86_400_000 },
    'limiter.windowMs',
    '31 days',
  ],
  [
    'a long log',
    { algorithm: 'sliding-window-log', limit: 10_001, windowMs: 1 },
    'limiter.limit',
    'to 10000',
  ],
  [
    'a bucket that never fills',
    { algorithm: 'token-bucket', capacity: 1_000_000, refillPermits: 1, refillEveryMs: 60_000 },
    'limiter.capacity',
    'refill within 31 days',
  ],
  [
    'a burst that never fills',
    { algorithm: 'gcra', limit: 1, windowMs: 60_000, burst: 1_000_000 },
    'limiter.burst',
    'refill within 31 days',
  ],
  [
    'no rate',
    { algorithm: 'gcra', limit: 0, windowMs: 60_000, burst: 1 },
    'limiter.limit',
    'from 1',
  ],
])('refuses %s', (_what, value, field, problem) => {
  expect(() => checkLimiterPolicy(value, 'limiter')).toThrow(
    expect.objectContaining({
      code: 'policy_invalid',
      field,
      message: expect.stringContaining(problem),
    }),
  );
});

it('a policy set is read with real limiters, and names the field of a wrong one', () => {
  const set = (limiter: object) => ({
    version: 1,
    defaults: {
      budgets: [CREDIT_EACH],
      rates: [{ name: 'tpm', on: { kind: 'user' }, counts: 'totalTokens', limiter }],
    },
  });
  const limiter = { algorithm: 'sliding-window-counter', limit: 100_000, windowMs: 60_000 };
  const policies = compilePolicies(parsePolicySet(set(limiter), checkLimiterPolicy));
  const [rate] = resolve(policies, caller('user:alice'), NOON).rates;
  expect(rate?.terms).toEqual({ counts: 'totalTokens', limiter });
  expect(() => parsePolicySet(set({ ...limiter, limit: -1 }), checkLimiterPolicy)).toThrow(
    expect.objectContaining({ field: 'defaults.rates.0.limiter.limit' }),
  );
});
