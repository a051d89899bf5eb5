/** Small policy sets for examples. */
import {
  type AnyLimiterPolicy,
  BursarError,
  type Caller,
  compilePolicies,
  type InstantMs,
  parsePolicySet,
  type Policies,
  type PolicySet,
  type Scope,
  type TenantId,
} from '@bursar/core';

export const ACME = 'acme' as TenantId;
export const NOON = Date.UTC(2026, 10, 12, 12) as InstantMs;

/** A limiter whose parameters are nobody's business here. */
export interface TestLimiter extends AnyLimiterPolicy {
  readonly limit?: number;
}

export function limiterOf(value: unknown, field: string): TestLimiter {
  if (typeof value === 'object' && value !== null && 'algorithm' in value)
    return value as TestLimiter;
  throw new BursarError('input_invalid', { field, message: `${field} must have an algorithm` });
}

/** The credit of each user: $5.00 a month. */
export const CREDIT_EACH = { name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' };

/** The set with the defaults given, or with a credit for each user. */
export function parsed(set: object): PolicySet<TestLimiter> {
  return parsePolicySet({ version: 1, defaults: { budgets: [CREDIT_EACH] }, ...set }, limiterOf);
}

export function policies(set: object): Policies<TestLimiter> {
  return compilePolicies(parsed(set));
}

/** `user:alice team:red` as a caller of ACME. */
export function caller(scopes: string, principal: Caller['class'] = 'authenticated'): Caller {
  return { tenant: ACME, class: principal, scopes: scopes.split(' ').filter(Boolean).map(scope) };
}

export function scope(text: string): Scope {
  const [kind = '', name = ''] = text.split(':');
  return { kind, name };
}
