/** Rate limits on leases: what becomes of them while leases are opened, drawn, lost, and decided past the copies. */
import {
  type DurationMs,
  limiterId,
  type LimiterPolicy,
  type Outcome,
  type RateHit,
} from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';

const LOG: LimiterPolicy = {
  algorithm: 'sliding-window-log',
  limit: 10,
  windowMs: 60_000 as DurationMs,
};
const SLOTS: LimiterPolicy = { algorithm: 'concurrency', limit: 2 };

async function started(
  over?: ConstructorParameters<typeof HybridInMemory>[0],
): Promise<HybridInMemory> {
  const hybrid = new HybridInMemory(over);
  await hybrid.sync.start();
  return hybrid;
}

function hit({ purse }: HybridInMemory, policy: LimiterPolicy, permits: number): RateHit {
  const limiter = limiterId(purse.tenant, { kind: 'user', name: 'alice' }, policy.algorithm);
  return { limiter, policy, permits };
}

function left(outcome: Outcome): readonly number[] {
  return 'rates' in outcome ? (outcome.rates ?? []).map(({ view }) => view.remaining) : [];
}

describe('rates on leases', () => {
  it('are taken once, however often the copies are asked until the leases are there', async () => {
    const hybrid = await started();
    const rates = [hit(hybrid, LOG, 3)];
    // The first opens both leases, the second has to draw.
    expect(left(await hybrid.purse.reserve(['alice', 'team'], 10, { rates }))).toEqual([7]);
    expect(left(await hybrid.purse.reserve(['alice', 'team'], 900, { rates }))).toEqual([4]);
    expect(hybrid.tier.counts.lookedAgain).toBeGreaterThan(1);
    expect(hybrid.tier.counts.direct).toBe(0);
  });

  it('that refuse are told with the budgets that are short on the whole, and alone if none is', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.open('alice', 10, { rates: [hit(hybrid, LOG, 8)] });
    const rates = [hit(hybrid, LOG, 3), hit(hybrid, SLOTS, 1)];
    expect(await purse.reserve('alice', 991, { rates })).toMatchObject({
      outcome: 'denied',
      shortfalls: [{ account: purse.leg('alice').account, missing: 1 }],
      rates: [{ admits: false }, { admits: true }],
    });
    // The copy alone is short of it: no reason to say that the budget is.
    const answer = await purse.reserve('alice', 900, { rates });
    expect(answer).toMatchObject({ outcome: 'denied', shortfalls: [] });
    expect(answer).toMatchObject({ accounts: [{ limit: 1_000, reserved: 10 }] });
    expect(left(answer)).toEqual([2, 2]);
    expect(await purse.sums('alice')).toMatchObject({ reserved: 10 });
  });

  it('while the copies are away the authority counts, from nothing; afterwards the copies go on', async () => {
    const hybrid = await started();
    const { purse, time } = hybrid;
    const rates = [hit(hybrid, LOG, 4)];
    expect(left(await purse.reserve('alice', 1, { rates }))).toEqual([6]);
    hybrid.copiesAre = 'unavailable';
    expect(left(await purse.reserve('alice', 1, { rates }))).toEqual([6]);
    expect(left(await purse.reserve('alice', 1, { rates }))).toEqual([2]);
    expect(await purse.reserve('alice', 1, { rates })).toMatchObject({ outcome: 'denied' });
    hybrid.copiesAre = 'no';
    await time.advance(1_000);
    expect(left(await purse.reserve('alice', 1, { rates }))).toEqual([2]);
  });

  it('slots of a call that ended past the copies are free as soon as these are told', async () => {
    const hybrid = await started();
    const { purse, sync } = hybrid;
    const rates = [hit(hybrid, SLOTS, 2)];
    const id = await purse.open('alice', 100, { rates });
    hybrid.copiesAre = 'unavailable';
    expect(await purse.settle(id, 70)).toMatchObject({ outcome: 'applied', spent: 70 });
    hybrid.copiesAre = 'no';
    expect(await purse.reserve('alice', 1, { rates })).toMatchObject({ outcome: 'denied' });
    await sync.keepHouse();
    expect(await purse.reserve('alice', 1, { rates })).toMatchObject({ outcome: 'applied' });
  });

  it('a charge goes where the call is settled, and is taken once', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    const id = await purse.open('alice', 100, { rates: [hit(hybrid, LOG, 1)] });
    const charges = [hit(hybrid, LOG, 7)];
    expect(left(await purse.settle(id, 70, { charges }))).toEqual([3]);
    expect(await purse.settle(id, 70, { charges })).toMatchObject({ replayed: true });
    expect(left(await purse.reserve('alice', 1, { rates: [hit(hybrid, LOG, 1)] }))).toEqual([2]);
  });

  it('are lost with the copies, and nothing of them is in the ledger or on the journal', async () => {
    const hybrid = await started();
    const { purse, sync, authority, time } = hybrid;
    const id = await purse.open('alice', 100, { rates: [hit(hybrid, LOG, 9)] });
    await purse.settle(id, 70, { charges: [hit(hybrid, LOG, 9)] });
    const events = await hybrid.data.journal(0, '0-0', 10);
    expect(JSON.stringify(events)).not.toContain('sliding-window-log');
    await sync.bringHome(0);
    expect(JSON.stringify(await authority.reservation(id))).not.toContain('sliding-window-log');
    hybrid.loseCopies();
    await time.advance(10_000);
    await sync.keepHouse();
    expect(left(await purse.reserve('alice', 1, { rates: [hit(hybrid, LOG, 1)] }))).toEqual([9]);
  });
});
