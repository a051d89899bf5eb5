/** Clamping where a real Redis and a real PostgreSQL decide, for two servers at once. */
import type { Allowed } from '@bursar/api';
import { parseUsd } from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { idOf, openTestService } from '../support/test-service.ts';
import { type HybridServers, startHybridServers } from './hybrid-servers.ts';
import { ManualTime } from '../support/manual-time.ts';

const LIMIT = parseUsd('1');
const time = new ManualTime();
let hybrid: HybridServers;
beforeAll(async () => {
  hybrid = await startHybridServers({ clock: new ManualClock(time.nowMs()), limit: LIMIT });
});
afterAll(() => hybrid.stop());

it('calls of one user at once on two servers get what there is and no nano-dollar more, and a repeat on either server the same cap', async () => {
  const servers = hybrid.servers.map(({ store: { tier } }) => openTestService({ tier, time }).as());
  const ask = async (server: number, call: number) =>
    await servers[server % 2]?.meter.reserve({
      reservation: idOf(call),
      user: 'alice',
      model: 'test-model',
      estimate: { inputTokens: 0, outputTokensMax: 200_000 },
      clamp: { outputTokensMin: 1_000 },
    });
  // Each may cost $0.40; there is room for two and a half of them.
  const answers = await Promise.all(Array.from({ length: 12 }, (_, call) => ask(call, call)));
  const allowed = answers.filter((answer): answer is Allowed => answer?.decision === 'allowed');
  const held = allowed.reduce((sum, { heldUsd }) => sum + parseUsd(heldUsd), 0);
  expect(held).toBeLessThanOrEqual(LIMIT);
  expect(allowed.length).toBeGreaterThanOrEqual(2);
  for (const { heldUsd, outputTokensMax, clamped } of allowed) {
    expect(parseUsd(heldUsd)).toBe((outputTokensMax ?? 0) * 2_000);
    expect(clamped).toBe(heldUsd !== '0.40');
  }
  // The rest of the room is found by whoever comes next.
  const last = await ask(0, 100);
  const clamped = [...allowed, last].filter(
    (answer) => answer?.decision === 'allowed' && answer.clamped,
  );
  expect(clamped).not.toEqual([]);
  expect(await servers[0]?.usage.current({ user: 'alice' })).toMatchObject({
    reservedUsd: '1.00',
    availableUsd: '0.00',
  });
  for (const before of clamped as Allowed[]) {
    const call = Number(before.reservation.slice(-12));
    for (const server of [0, 1]) {
      expect(await ask(server, call)).toMatchObject({
        decision: 'allowed',
        replayed: true,
        heldUsd: before.heldUsd,
        outputTokensMax: before.outputTokensMax,
        clamped: true,
      });
    }
  }
});
