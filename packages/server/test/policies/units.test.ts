/** Limits of units, which are known when a call has ended: on every kind of store, over two servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  budget,
  call,
  type Kind,
  KINDS,
  type PolicyServers,
  startPolicyServers,
} from './policy-servers.ts';

const ALGORITHMS = [
  { algorithm: 'fixed-window', limit: 25, windowMs: 60_000 },
  { algorithm: 'sliding-window-counter', limit: 25, windowMs: 60_000 },
  { algorithm: 'sliding-window-log', limit: 25, windowMs: 60_000 },
  { algorithm: 'token-bucket', capacity: 25, refillPermits: 25, refillEveryMs: 60_000 },
  { algorithm: 'gcra', limit: 25, windowMs: 60_000, burst: 25 },
] as const;

describe.each(KINDS)('units on %s', (kind: Kind) => {
  let shared: PolicyServers;
  beforeAll(async () => {
    shared = await startPolicyServers(kind);
  }, 120_000);
  afterAll(() => shared.stop());

  it.each(ALGORITHMS)(
    'C16: are taken once, when and where the call ends, by $algorithm',
    async (limiter) => {
      shared.freshTenant();
      await shared.put({
        defaults: {
          budgets: [budget('user', null)],
          rates: [{ name: 'units', on: { kind: 'user' }, counts: 'units', limiter }],
        },
      });
      const reserve = async (server: 0 | 1) => {
        const message = call('0.01');
        return { message, decided: await shared.as(server).meter.reserve(message) };
      };
      const settle = (server: 0 | 1, reservation: string, units: number) =>
        shared.as(server).meter.settle({ reservation, costUsd: '0.01', units });
      const { message, decided } = await reserve(0);
      expect(decided).toMatchObject({ decision: 'allowed', rates: [{ used: 0, remaining: 25 }] });
      await settle(1, message.reservation, 10);
      await settle(0, message.reservation, 10);
      await settle(1, message.reservation, 25);
      const second = await reserve(1);
      expect(second.decided).toMatchObject({ rates: [{ used: 10, remaining: 15 }] });
      // More than is left is taken all the same, and then nothing is left for the next call.
      await settle(0, second.message.reservation, 16);
      expect((await reserve(0)).decided).toMatchObject({
        decision: 'denied',
        reason: 'rate_limited',
        rates: [{ counts: 'units', limit: 25, remaining: 0 }],
      });
      expect((await reserve(1)).decided).toMatchObject({ decision: 'denied' });
    },
    30_000,
  );
});
