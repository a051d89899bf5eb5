/**
 * Limiter policies in JSON: reads one, and refuses what cannot be used with the field, the problem and the fix.
 *
 * Limits are whole permits. A limiter that counts money counts nano-USD, so `5000000000` is $5.00.
 */
import { AMOUNT_MAX } from '../amount.ts';
import { policyInvalid } from '../policy/policy-invalid.ts';
import { type JsonObject, objectOf, oneOf } from '../policy/read-json.ts';
import type { DurationMs } from '../time.ts';
import {
  type LimiterAlgorithm,
  type LimiterPolicy,
  LOG_MAX,
  type TokenBucketPolicy,
  WINDOW_MAX_MS,
} from './limiter-policy.ts';

const FIELDS: { readonly [A in LimiterAlgorithm]: readonly string[] } = {
  'token-bucket': ['capacity', 'refillPermits', 'refillEveryMs'],
  gcra: ['limit', 'windowMs', 'burst'],
  'fixed-window': ['limit', 'windowMs'],
  'sliding-window-counter': ['limit', 'windowMs'],
  'sliding-window-log': ['limit', 'windowMs'],
  concurrency: ['limit'],
};
const ALGORITHMS = Object.keys(FIELDS) as readonly LimiterAlgorithm[];

/** `value` as the policy of a limiter. Throws `policy_invalid`, naming the field below `field`. */
export function checkLimiterPolicy(value: unknown, field: string): LimiterPolicy {
  const known = [...new Set(Object.values(FIELDS).flat())];
  const given = objectOf(value, field, ['algorithm', ...known]);
  const algorithm = oneOf(given['algorithm'], `${field}.algorithm`, ALGORITHMS);
  const policy = objectOf(value, field, ['algorithm', ...FIELDS[algorithm]]);
  const permits = (name: string, least = 0, most: number = AMOUNT_MAX): number =>
    wholeOf(policy, name, field, least, most, 'permits');
  const length = (name: string): DurationMs =>
    wholeOf(policy, name, field, 1, WINDOW_MAX_MS, 'milliseconds, at most 31 days') as DurationMs;
  switch (algorithm) {
    case 'token-bucket': {
      const bucket: TokenBucketPolicy = {
        algorithm,
        capacity: permits('capacity'),
        refillPermits: permits('refillPermits', 1),
        refillEveryMs: length('refillEveryMs'),
      };
      checkFills(bucket.capacity, bucket.refillPermits, bucket.refillEveryMs, `${field}.capacity`);
      return bucket;
    }
    case 'gcra': {
      const limit = permits('limit', 1);
      const windowMs = length('windowMs');
      const burst = permits('burst');
      checkFills(burst, limit, windowMs, `${field}.burst`);
      return { algorithm, limit, windowMs, burst };
    }
    case 'fixed-window':
    case 'sliding-window-counter':
      return { algorithm, limit: permits('limit'), windowMs: length('windowMs') };
    case 'sliding-window-log':
      return { algorithm, limit: permits('limit', 0, LOG_MAX), windowMs: length('windowMs') };
    case 'concurrency':
      return { algorithm, limit: permits('limit') };
  }
}

function wholeOf(
  policy: JsonObject,
  name: string,
  field: string,
  least: number,
  most: number,
  unit: string,
): number {
  const value = policy[name];
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
    return (value as number) + 0;
  }
  throw policyInvalid(
    `${field}.${name}`,
    `must be a whole number from ${least} to ${most} (${unit})`,
  );
}

/** A bucket that takes longer to fill than a window may last would be kept for as long. */
function checkFills(capacity: number, permits: number, everyMs: number, field: string): void {
  if (BigInt(capacity) * BigInt(everyMs) <= BigInt(WINDOW_MAX_MS) * BigInt(permits)) return;
  throw policyInvalid(field, 'must refill within 31 days; lower it, or refill faster');
}
