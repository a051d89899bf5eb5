/** What an answer to `meter.reserve` says about rates in its headers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TOKEN_SCOPES } from '@bursar/api';
import fc from 'fast-check';
import { idOf } from '../support/test-service.ts';
import { authorization, startTestServer, type TestServer } from '../support/test-server.ts';

const LIMIT = 100_000;
let server: TestServer;
let ids = 0;
let token: string;

beforeAll(async () => {
  server = await startTestServer({ logLevel: 'silent' });
  token = await server.tokenFor(TOKEN_SCOPES);
  const fixed = (name: string, counts: string, limit: number) => ({
    name,
    on: { kind: 'user' },
    counts,
    limiter: { algorithm: 'fixed-window', limit, windowMs: 60_000 },
  });
  const document = {
    version: 1,
    defaults: {
      budgets: [{ name: 'credit', on: { kind: 'user' }, limitUsd: null }],
      rates: [fixed('tokens ä', 'totalTokens', LIMIT), fixed('wide', 'requests', 1_000_000)],
    },
  };
  await server.post('policies.put', { expectedVersion: 0, document }, token);
});
afterAll(() => server.bursar.close());

const message = (user: string, inputTokens: number) => {
  ids += 1;
  return {
    reservation: idOf(ids),
    user,
    model: 'free-model',
    estimate: { inputTokens, outputTokensMax: 0 },
  };
};
const reserve = (user: string, inputTokens: number) =>
  server.post('meter.reserve', message(user, inputTokens), token);

describe('an answer to meter.reserve', () => {
  it('C1: shows the tightest limit, whose remaining decreases by exactly what each call was charged', async () => {
    let users = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 1, maxLength: 8 }),
        async (calls) => {
          users += 1;
          const user = `user-${users}`;
          let left = LIMIT;
          for (const inputTokens of calls) {
            const { status, headers, body } = await reserve(user, inputTokens);
            const isAllowed = inputTokens <= left && left > 0;
            if (isAllowed) left -= inputTokens;
            expect(status).toBe(200);
            expect(body.result?.data['decision']).toBe(isAllowed ? 'allowed' : 'denied');
            const seen = Object.fromEntries(
              ['limit', 'used', 'remaining'].map((name) => [
                name,
                Number(headers.get(`x-ratelimit-${name}`)),
              ]),
            );
            expect(headers.has('retry-after')).toBe(!isAllowed);
            // The other limit is the tighter one only while nothing of this one is used.
            if (left === LIMIT && isAllowed) continue;
            expect(seen).toEqual({ limit: LIMIT, used: LIMIT - left, remaining: left });
            expect(headers.get('x-ratelimit-resource')).toBe('user/tokens%20%C3%A4');
            const resetAtMs = Number(headers.get('x-ratelimit-reset')) * 1_000;
            expect(resetAtMs).toBeGreaterThan(server.time.nowMs());
            expect(resetAtMs).toBeLessThanOrEqual(server.time.nowMs() + 60_000);
            expect(headers.get('ratelimit')).toMatch(/^"user\/tokens%20%C3%A4";r=\d+;t=\d+$/);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is an answer also when it is a refusal: status 200, with Retry-After', async () => {
    await reserve('alice', LIMIT);
    const { status, headers, body } = await reserve('alice', 1);
    const { reason, retryAfterMs } = body.result?.data ?? {};
    expect({ status, reason }).toEqual({ status: 200, reason: 'rate_limited' });
    expect(headers.get('retry-after')).toBe(String(Math.ceil(Number(retryAfterMs) / 1_000)));
  });

  it('carries no such headers in a batch, nor does any other answer', async () => {
    const batch = await fetch(`${server.url}/trpc/meter.reserve,meter.reserve?batch=1`, {
      method: 'POST',
      headers: { ...authorization(token), 'content-type': 'application/json' },
      body: JSON.stringify({ 0: message('bob', 1), 1: message('bob', 1) }),
    });
    expect(batch.status).toBe(200);
    expect(batch.headers.has('x-ratelimit-limit')).toBe(false);
    const released = await server.post('meter.release', { reservation: idOf(ids) }, token);
    expect(released.headers.has('x-ratelimit-limit')).toBe(false);
    const bad = await server.post('meter.reserve', {}, token);
    expect(bad.headers.has('x-ratelimit-limit')).toBe(false);
  });
});
