/** A changed period rule keeps what was spent, on every kind of store, with two servers over the same books. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  budget,
  call,
  type Kind,
  KINDS,
  type PolicyServers,
  startPolicyServers,
  until,
} from './policy-servers.ts';

const WEEK = { every: 'week', zone: 'UTC' } as const;
const ON_THE_4TH = Date.UTC(2026, 10, 4, 12);
const ON_THE_10TH = Date.UTC(2026, 10, 10, 12);
const ON_THE_12TH = Date.UTC(2026, 10, 12, 12);

describe.each(KINDS)('a changed period rule on %s', (kind: Kind) => {
  let shared: PolicyServers;
  beforeAll(async () => {
    shared = await startPolicyServers(kind, { sweepIntervalMs: 20 });
  }, 120_000);
  afterAll(() => shared.stop());
  beforeEach(() => {
    shared.freshTenant();
    shared.clock.atMs = ON_THE_4TH;
  });

  const monthly = (usd: string) => shared.put({ defaults: { budgets: [budget('user', usd)] } });
  const weekly = (usd: string) =>
    shared.put({ defaults: { budgets: [budget('user', usd, { period: WEEK })] } });
  const reserve = async (server: 0 | 1, usd: string) => {
    const message = call(usd);
    const { decision } = await shared.as(server).meter.reserve(message);
    return { decision, reservation: message.reservation };
  };
  const spend = async (server: 0 | 1, usd: string) => {
    const { decision, reservation } = await reserve(server, usd);
    if (decision === 'denied') return decision;
    await shared.as(server === 0 ? 1 : 0).meter.settle({ reservation, costUsd: usd });
    // What copies have booked is in the ledger long before time moves on by days.
    await shared.as(server).usage.history({ user: 'alice' });
    return decision;
  };
  const shown = async (server: 0 | 1) =>
    (await shared.as(server).usage.current({ user: 'alice' })).settledUsd;
  /** Time goes on until both servers show `usd` as spent. */
  const comesTo = (usd: string) =>
    until(async () => {
      if ((await shown(0)) === usd && (await shown(1)) === usd) return true;
      shared.clock.atMs += 1_000;
      return false;
    });

  it('month, week, month: neither forgives nor charges twice', async () => {
    await monthly('100.00');
    expect(await spend(0, '68.00')).toBe('allowed');
    shared.clock.atMs = ON_THE_10TH;
    expect(await spend(1, '12.00')).toBe('allowed');
    shared.clock.atMs = ON_THE_12TH;
    await weekly('25.00');
    expect(await spend(1, '13.01')).toBe('denied');
    expect(await spend(0, '0')).toBe('allowed');
    await comesTo('12.00');
    expect(await spend(0, '13.01')).toBe('denied');
    expect(await spend(1, '5.00')).toBe('allowed');
    await comesTo('17.00');
    await monthly('100.00');
    expect(await spend(0, '0')).toBe('allowed');
    await comesTo('85.00');
    expect(await spend(1, '15.01')).toBe('denied');
    expect(await spend(1, '15.00')).toBe('allowed');
    expect(await spend(0, '0.01')).toBe('denied');
    const audit = await shared.servers[0].audit?.();
    if (audit !== undefined) expect(audit).toMatchObject({ findings: 0, differenceNanoUsd: 0n });
  }, 60_000);

  it('follows a call that is open at the change until it has ended', async () => {
    await monthly('100.00');
    const open = await reserve(0, '20.00');
    await weekly('30.00');
    expect(await spend(1, '10.01')).toBe('denied');
    expect(await spend(0, '0')).toBe('allowed');
    await comesTo('20.00');
    await shared.as(1).meter.settle({ reservation: open.reservation, costUsd: '4.00' });
    await comesTo('4.00');
    expect(await spend(0, '26.01')).toBe('denied');
    expect(await spend(0, '26.00')).toBe('allowed');
  }, 60_000);

  it('refuses corrections under the keys of what is carried', async () => {
    await monthly('100.00');
    await expect(
      shared.as(0).budgets.adjust({
        user: 'alice',
        key: 'carry:1',
        amountUsd: '-1.00',
        reason: 'mine',
      }),
    ).rejects.toMatchObject({ message: expect.stringContaining('carry:') });
    expect(await spend(0, '0')).toBe('allowed');
  });
});
