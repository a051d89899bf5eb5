/**
 * F10: calls that ask for the maximum output must not freeze a team's budget, where learned estimates are on.
 *
 * What this cannot show: until fifty answers are known the worst case is set aside, and only a share of the budget
 * for each caller keeps room for the others then.
 */
import { parseUsd } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { budget, nextId, startPolicyServers } from '../policies/policy-servers.ts';
import { testPrices } from '../support/test-service.ts';

/** An output token costs 75,000 nano-USD, so that a million of them, thirty times, are $2,250. */
const PRICES = testPrices('v1', 37_500_000_000);
const MAXIMUM = { inputTokens: 100, outputTokensMax: 1_000_000 };
const SMALL = { inputTokens: 100, outputTokensMax: 200 };
const TEAM = { model: 'test-model', scopes: { team: 'research' } };

describe.each(['memory', 'hybrid'] as const)('on %s', (kind) => {
  it('F10: thirty open calls of one member that ask for the maximum output leave room for another member, and are held, not spent', async () => {
    const shared = await startPolicyServers(kind, { prices: PRICES, learnedEstimates: true });
    await shared.put({ defaults: { budgets: [budget('team', '2000.00')] } });
    const team = () =>
      shared.as(0).usage.current({ scope: { kind: 'team', name: 'research' }, budget: 'credit' });
    const reserve = async (server: 0 | 1, user: string, estimate: typeof MAXIMUM) => {
      const reservation = nextId();
      const answer = await shared
        .as(server)
        .meter.reserve({ reservation, user, ...TEAM, estimate });
      return { reservation, answer };
    };
    // What such calls have used so far, some 500 tokens each; every server learns for itself.
    for (const server of [0, 1] as const) {
      for (let call = 0; call < 50; call += 1) {
        const { reservation } = await reserve(server, 'alice', MAXIMUM);
        const usage = { inputTokens: 100, outputTokens: 480 + (call % 40) };
        await shared.as(server).meter.settle({ reservation, usage });
      }
    }
    const before = await team();
    const opened = await Promise.all(
      Array.from({ length: 30 }, (_, call) => reserve((call % 2) as 0 | 1, 'alice', MAXIMUM)),
    );
    expect(opened.map(({ answer }) => answer.decision)).toEqual(opened.map(() => 'allowed'));
    const held = opened.reduce(
      (sum, { answer }) => sum + (answer.decision === 'allowed' ? parseUsd(answer.heldUsd) : 0),
      0,
    );
    // 530 tokens at most, which is what the longest came to and two per cent.
    expect(held).toBeLessThanOrEqual(30 * (530 * 75_000 + 100 * 37_500));
    const { settledUsd, reservedUsd } = await team();
    expect(settledUsd).toBe(before.settledUsd);
    expect(parseUsd(reservedUsd)).toBe(held);
    for (const server of [0, 1] as const) {
      const { answer } = await reserve(server, 'bob', SMALL);
      expect(answer).toMatchObject({ decision: 'allowed' });
    }
    await shared.stop();
  });
});
