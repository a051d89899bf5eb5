/**
 * F10: calls that ask for the maximum output must not freeze everybody else's, where learned estimates are on.
 *
 * What this cannot show: until fifty answers are known the worst case is set aside, and only a share of the budget
 * for each caller keeps room for the others then.
 */
import { parseUsd } from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ManualTime } from '../support/manual-time.ts';
import { idOf, openTestService, testPrices } from '../support/test-service.ts';
import { type HybridServers, startHybridServers } from './hybrid-servers.ts';

/** An output token costs 75,000 nano-USD, so that a million of them, thirty times, are $2,250. */
const PRICES = testPrices('v1', 37_500_000_000);
const LIMIT_USD = '2000.00';
const MAXIMUM = { inputTokens: 100, outputTokensMax: 1_000_000 };
const SMALL = { inputTokens: 100, outputTokensMax: 200 };
const TEAM = { user: 'team', model: 'test-model' };

const time = new ManualTime();
let hybrid: HybridServers;
beforeAll(async () => {
  const clock = new ManualClock(time.nowMs());
  hybrid = await startHybridServers({ clock, limit: parseUsd(LIMIT_USD) });
});
afterAll(() => hybrid.stop());

it('F10: thirty open calls of one member that ask for the maximum output leave room for another member’s call, and are held, not spent', async () => {
  const servers = hybrid.servers.map(({ store: { tier } }) =>
    openTestService({ tier, time, prices: PRICES, learnedEstimates: true }).as(),
  );
  let calls = 0;
  // What such calls have used so far, some 500 tokens each; every server learns for itself.
  for (const bursar of servers) {
    for (let call = 0; call < 50; call += 1) {
      const reservation = idOf((calls += 1));
      await bursar.meter.reserve({ reservation, ...TEAM, estimate: MAXIMUM });
      const usage = { inputTokens: 100, outputTokens: 480 + (call % 40) };
      await bursar.meter.settle({ reservation, usage });
    }
  }
  const [first] = servers;
  const before = await first?.usage.current({ user: 'team' });
  const opened = await Promise.all(
    Array.from({ length: 30 }, async (_, call) =>
      servers[call % 2]?.meter.reserve({
        reservation: idOf((calls += 1)),
        ...TEAM,
        estimate: MAXIMUM,
      }),
    ),
  );
  expect(opened.map((answer) => answer?.decision)).toEqual(opened.map(() => 'allowed'));
  const held = opened.reduce(
    (sum, answer) => sum + (answer?.decision === 'allowed' ? parseUsd(answer.heldUsd) : 0),
    0,
  );
  // 530 tokens at most, which is what the longest came to and two per cent.
  expect(held).toBeLessThanOrEqual(30 * (530 * 75_000 + 100 * 37_500));
  for (const bursar of servers) {
    const small = { reservation: idOf((calls += 1)), ...TEAM, estimate: SMALL };
    const admitted = await bursar.meter.reserve(small);
    expect(admitted).toMatchObject({ decision: 'allowed' });
    await bursar.meter.release({ reservation: small.reservation });
  }
  const after = await first?.usage.current({ user: 'team' });
  expect(after?.settledUsd).toBe(before?.settledUsd);
  expect(parseUsd(after?.reservedUsd ?? '')).toBe(held);
});
