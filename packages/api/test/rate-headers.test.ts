/** Rate limits as headers: safe for any name, and true to the answer they are made from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateHeaders } from '../src/rate-headers.ts';
import type { RateLimited } from '../src/schemas/denials/rate-limited.ts';
import type { RateView } from '../src/schemas/rate-view.ts';
import type { Allowed } from '../src/schemas/reserve.ts';

const NOW = Date.UTC(2026, 10, 30, 12);
const PACE: RateView = {
  scope: { kind: 'user', name: 'alice' },
  name: 'pace',
  counts: 'requests',
  limit: 100,
  used: 88,
  remaining: 12,
  windowMs: 60_000,
  resetAt: new Date(NOW + 29_001).toISOString(),
  renewsAfterMs: null,
};
const allowed = (...rates: readonly RateView[]) =>
  ({ decision: 'allowed', rates }) as Partial<Allowed> as Allowed;
const denied = (retryAfterMs: number | null, rate = PACE) =>
  ({
    decision: 'denied',
    reason: 'rate_limited',
    rates: [{ ...rate, retryAt: null }],
    retryAfterMs,
  }) as Partial<RateLimited> as RateLimited;

describe('the headers of an answer', () => {
  it('show the tightest limit in both families, and its reset in whole seconds', () => {
    expect(rateHeaders(allowed(PACE, { ...PACE, name: 'other', remaining: 99 }), NOW)).toEqual({
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '12',
      'X-RateLimit-Used': '88',
      'X-RateLimit-Reset': String(NOW / 1_000 + 30),
      'X-RateLimit-Resource': 'user/pace',
      'RateLimit-Policy': '"user/pace";q=100;w=60',
      RateLimit: '"user/pace";r=12;t=30',
    });
  });

  it('tell a refused caller when to come again, the same in both families, and nobody else', () => {
    const headers = rateHeaders(denied(1_001), NOW);
    expect(headers).toMatchObject({ 'Retry-After': '2', RateLimit: '"user/pace";r=12;t=2' });
    expect(rateHeaders(denied(null), NOW)).not.toHaveProperty('Retry-After');
    expect(rateHeaders(allowed(PACE), NOW)).not.toHaveProperty('Retry-After');
  });

  it('are none where no rate was asked, or something else refused', () => {
    expect(rateHeaders(allowed(), NOW)).toEqual({});
    const poor = { ...denied(null), reason: 'budget_exhausted' } as never;
    expect(rateHeaders(poor, NOW)).toEqual({});
  });

  it.each([
    ['inputTokens', 60_000, '"user/pace";q=100;qu="input-tokens";w=60'],
    ['totalTokens', 1, '"user/pace";q=100;qu="total-tokens";w=1'],
    ['outputTokens', 1, '"user/pace";q=100;qu="output-tokens";w=1'],
    ['units', 1, '"user/pace";q=100;qu="units";w=1'],
    ['money', 1_001, '"user/pace";q=100;qu="nano-usd";w=2'],
    ['requests', null, '"user/pace";q=100;qu="concurrent-requests"'],
  ] as const)('name what is counted: %s in %s ms', (counts, windowMs, policy) => {
    const headers = rateHeaders(allowed({ ...PACE, counts, windowMs }), NOW);
    expect(headers['RateLimit-Policy']).toBe(policy);
  });

  it('are safe in HTTP for any name, number and time, and name no scope; the reset is in the future', () => {
    const numbers = fc.maxSafeNat();
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/),
          name: fc.string({ unit: 'binary', minLength: 1 }),
          odd: fc.constantFrom(
            '',
            '\r\nSet-Cookie: a=b',
            '"; q=9',
            '\uD800',
            '\\',
            'ä🙂',
            '%',
            '\0',
          ),
          limit: numbers,
          used: numbers,
          windowMs: fc.option(fc.integer({ min: 0, max: 2_678_400_000 })),
          resetInMs: fc.integer({ min: -10_000, max: 2_678_400_000 }),
          retryAfterMs: fc.option(fc.integer({ min: 1, max: 2_678_400_000 })),
          nowMs: fc.integer({ min: 0, max: 2 * NOW }),
          isDenied: fc.boolean(),
        }),
        ({ kind, name, odd, limit, used, windowMs, resetInMs, retryAfterMs, nowMs, isDenied }) => {
          const rate: RateView = {
            scope: { kind, name: 'Alice-who-is-secret' },
            name: name + odd,
            counts: 'money',
            limit,
            used,
            remaining: Math.max(0, limit - used),
            windowMs,
            resetAt: new Date(nowMs + resetInMs).toISOString(),
            renewsAfterMs: null,
          };
          const headers = rateHeaders(isDenied ? denied(retryAfterMs, rate) : allowed(rate), nowMs);
          expect(() => new Headers(headers)).not.toThrow();
          for (const value of Object.values(headers)) {
            expect(value).toMatch(/^[\x21-\x7e]+$/);
            expect(value).not.toContain('secret');
          }
          const resource = headers['X-RateLimit-Resource'] ?? '';
          expect(resource).toMatch(/^[a-z0-9-]+\/[A-Za-z0-9._%-]+$/);
          // RFC 9651: a string, and parameters with integers of at most 15 digits.
          const item = /^"[^"\\]*"(;[a-z]+=([0-9]{1,15}|"[a-z-]+"))*$/;
          expect(headers['RateLimit-Policy']).toMatch(item);
          expect(headers['RateLimit']).toMatch(item);
          expect(Number(headers['X-RateLimit-Reset'])).toBeGreaterThan(nowMs / 1_000);
          expect(headers['X-RateLimit-Limit']).toBe(String(limit));
        },
      ),
      { numRuns: 500 },
    );
  });
});
