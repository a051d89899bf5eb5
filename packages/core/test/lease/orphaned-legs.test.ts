/** A call costs the same on each of its budgets, also on one whose copy was lost in the middle of it. */
import { type Amount, type Fingerprint, type HolderId, type LeaseId } from '@bursar/core';
import { ManualClock, MemoryAuthority, TestPurse } from '@bursar/testkit';
import { beforeEach, describe, expect, it } from 'vitest';

let authority: MemoryAuthority;
let purse: TestPurse;
let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
  authority = new MemoryAuthority({ clock, defaultLimit: 1_000 as Amount });
  purse = new TestPurse(authority, clock);
});

const lend = (user: string, kind: 'openLease' | 'suspectLease', holder = 'redis') =>
  authority.execute({
    ...(kind === 'openLease'
      ? {
          kind,
          holder: holder as HolderId,
          ticket: 1,
          ask: {
            need: 200 as Amount,
            least: 200 as Amount,
            expected: null,
            minimum: 200 as Amount,
          },
        }
      : { kind }),
    lease: `lease-${user}` as LeaseId,
    leg: purse.leg(user),
  });

const report = (user: string, state: 'reserved' | 'settled' | 'expired', spent: number) =>
  authority.execute({
    kind: 'ingest',
    reservation: purse.idNumber(1),
    fingerprint: 'one' as Fingerprint,
    leg: purse.leg(user),
    state,
    lease: `lease-${user}` as LeaseId,
    spent: spent as Amount,
    open:
      state === 'reserved'
        ? {
            amount: 100 as Amount,
            deadlineAtMs: (clock.nowMs() + 10_000) as never,
            dispatched: true,
          }
        : undefined,
    isShown: true,
    terms: null,
    detail: null,
  });

const settledOf = async (user: string) =>
  (await authority.account(purse.leg(user).account))?.settled;

describe('a leg whose lease is no longer live', () => {
  beforeEach(async () => {
    for (const user of ['alice', 'team']) {
      await lend(user, 'openLease');
      await report(user, 'reserved', 0);
    }
  });

  it('is settled with the leg whose truth comes home', async () => {
    await lend('alice', 'suspectLease');
    await report('team', 'settled', 40);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([40, 40]);
  });

  it('is settled at its deadline as the other leg was, when its lease became doubtful later', async () => {
    await report('team', 'settled', 40);
    await lend('alice', 'suspectLease');
    clock.advance(120_000);
    await authority.sweep(10);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([40, 40]);
  });

  it('is settled too when it is held here besides, because the copies’ first answer was lost', async () => {
    const id = purse.idNumber(1);
    authority = new MemoryAuthority({ clock, defaultLimit: 1_000 as Amount });
    purse = new TestPurse(authority, clock, purse.tenant);
    await lend('team', 'openLease');
    await purse.reserve(['alice', 'team'], 100, { id, fingerprint: 'one' });
    await report('team', 'settled', 40);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([40, 40]);
    expect(await authority.account(purse.leg('alice').account)).toMatchObject({ reserved: 0 });
  });

  it('is left to its own copy while its lease is live', async () => {
    await report('team', 'settled', 40);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([0, 40]);
    await report('alice', 'settled', 40);
    expect(await settledOf('alice')).toBe(40);
  });
});

describe('a leg that another holder has, which never hears of the settlement', () => {
  const ofProcess = 'process:one';

  beforeEach(async () => {
    await lend('alice', 'openLease', ofProcess);
    await lend('team', 'openLease');
    for (const user of ['alice', 'team']) await report(user, 'reserved', 0);
  });

  it('costs what the call did, and not its estimate, when its deadline has passed', async () => {
    await report('team', 'settled', 40);
    await report('alice', 'expired', 100);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([40, 40]);
  });

  it('costs it too when its deadline was reported first', async () => {
    await report('alice', 'expired', 100);
    await report('team', 'settled', 40);
    expect([await settledOf('alice'), await settledOf('team')]).toEqual([40, 40]);
  });

  it.each(['settled', 'expired'] as const)(
    'is put right on its copy, which shows the estimate (%s first)',
    async (first) => {
      if (first === 'settled') await report('team', 'settled', 40);
      await report('alice', 'expired', 100);
      if (first === 'expired') await report('team', 'settled', 40);
      expect(await authority.corrections(ofProcess as HolderId, 10)).toMatchObject([
        { account: purse.leg('alice').account, state: 'settled', spent: 40, shown: 100 },
      ]);
    },
  );
});
