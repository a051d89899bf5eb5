import { limiterId, type RateHit, type ReservationId } from '@bursar/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RATE_STORES, type RateStore } from './rate-stores.ts';

const FAULTS = 1_000;
const HEARTBEAT_MS = 10_000;

describe.each(RATE_STORES)('F23 Parallel slots leak: %s', (_name, open) => {
  let store: RateStore;
  beforeAll(async () => {
    store = await open();
  }, 120_000);
  afterAll(() => store?.stop());

  it(
    `ten seconds after the last of ${FAULTS} time-outs and killed processes all five slots are free`,
    { timeout: 180_000 },
    async () => {
      const { clock, purses } = store;
      const limiter = limiterId(purses[0].tenant, { kind: 'user', name: 'alice' }, 'parallel');
      const policy = { algorithm: 'concurrency', limit: 5 } as const;
      const rates: readonly RateHit[] = [{ limiter, policy, permits: 1 }];
      const begin = async (call: number): Promise<ReservationId | undefined> => {
        const purse = call % 2 === 0 ? purses[0] : purses[1];
        const id = purse.id();
        const answer = await purse.reserve('alice', 1, { id, ttlMs: HEARTBEAT_MS, rates });
        return answer.outcome === 'applied' ? id : undefined;
      };
      let refused = 0;
      for (let fault = 0; fault < FAULTS; fault += 1) {
        const id = await begin(fault);
        if (id === undefined) {
          refused += 1;
          clock.advance(2_500);
          continue;
        }
        const [here, there] = fault % 2 === 0 ? purses : [purses[1], purses[0]];
        switch (fault % 5) {
          case 0:
            // The provider times out, and the caller gives up.
            await here.release(id);
            break;
          case 1:
            // It times out after the call was on its way; another server ends it.
            await here.extend(id, { dispatched: true, ttlMs: HEARTBEAT_MS });
            await there.settle(id, 1);
            break;
          case 2:
            // The process is killed before the call, …
            break;
          case 3:
            // … during the call, between two heartbeats, …
            await here.extend(id, { dispatched: true, ttlMs: HEARTBEAT_MS });
            clock.advance(500);
            await here.extend(id, { dispatched: true, ttlMs: HEARTBEAT_MS });
            break;
          default:
            // … or after it, having said what it cost so far.
            await here.settle(id, 1, { final: false });
        }
      }
      // The faults did fill the slots, or this shows nothing.
      expect(refused).toBeGreaterThan(50);
      clock.advance(HEARTBEAT_MS);
      const after = await Promise.all([0, 1, 2, 3, 4].map((call) => begin(call)));
      expect(after).not.toContain(undefined);
      expect(await begin(5)).toBeUndefined();
    },
  );
});
