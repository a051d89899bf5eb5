/** What processes do that decide in memory: acknowledge, share, stop, and are killed. Time in the test's hands. */
import { type DurationMs, limiterId, processHolder, type RateHit, type Tier } from '@bursar/core';
import { MemoryAuthority, TestPurse } from '@bursar/testkit';
import { describe, expect, it } from 'vitest';
import { BUSY_CALLS, OutageLeases } from '../../src/leasing/outage-leases.ts';
import { ProcessLeases } from '../../src/leasing/process-leases.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { ManualTime, settled } from '../support/manual-time.ts';

const DEAD_AFTER_MS = 60_000;

/** Processes on one authority, of which some share it. */
class Office {
  readonly time = new ManualTime();
  readonly authority: MemoryAuthority;
  readonly #first: TestPurse;
  #lives = 0;
  #purses = 0;

  constructor(defaultLimit = 1_000) {
    this.authority = new MemoryAuthority({
      clock: this.time,
      defaultLimit: defaultLimit as never,
    });
    this.#first = new TestPurse(this.authority, this.time as never);
  }

  purse(tier: Tier): TestPurse {
    const { tenant } = this.#first;
    const purse = new TestPurse(tier, this.time as never, tenant);
    // Ids of one tenant, without those of another purse.
    for (let turn = 0; turn < 1_000 * this.#purses; turn += 1) purse.id();
    this.#purses += 1;
    return purse;
  }

  async process(isShared = false, time = this.time): Promise<ProcessLeases> {
    this.#lives += 1;
    return ProcessLeases.open({
      ...this.#common(isShared ? `${this.#lives}` : 'embedded'),
      time,
      isShared,
      idleMs: 10_000,
    });
  }

  outage(): OutageLeases {
    this.#lives += 1;
    return new OutageLeases(this.#common(`${this.#lives}`));
  }

  async account(user: string) {
    const account = await this.authority.account(this.#first.leg(user).account);
    return { settled: account?.settled, reserved: account?.reserved, leased: account?.leased };
  }

  #common(holder: string) {
    return {
      authority: this.authority,
      holder: processHolder(holder),
      time: this.time,
      log: SILENT_LOG,
      times: { deadAfterMs: DEAD_AFTER_MS },
    };
  }
}

/** Opens `calls` calls of 100, and settles them for 100 each. */
async function spend(purse: TestPurse, user: string, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) await purse.settle(await purse.open(user, 100), 100);
}

describe('rate limits where processes decide', () => {
  const ratesOf = (purse: TestPurse, permits: number): readonly RateHit[] => [
    {
      limiter: limiterId(purse.tenant, { kind: 'user', name: 'alice' }, 'rpm'),
      policy: { algorithm: 'sliding-window-log', limit: 5, windowMs: 60_000 as DurationMs },
      permits,
    },
  ];

  it('are the authority’s, so that several processes let no more through than one', async () => {
    const office = new Office();
    const processes = [await office.process(true), await office.process(true)];
    const purses = processes.map(({ tier }) => office.purse(tier));
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, call) => {
        const purse = purses[call % 2] as TestPurse;
        return purse.reserve('alice', 1, { rates: ratesOf(purse, 1) });
      }),
    );
    expect(answers.filter(({ outcome }) => outcome === 'applied')).toHaveLength(5);
    expect(processes.map(({ tier }) => tier.counts.onCopies)).toEqual([0, 0]);
  });

  it.each([false, true])(
    'money that the process has leased itself is no reason to refuse them (shared: %s)',
    async (isShared) => {
      const office = new Office(100_000);
      const { tier } = await office.process(isShared);
      const purse = office.purse(tier);
      await spend(purse, 'alice', 20);
      expect((await office.account('alice')).leased).toBeGreaterThan(0);
      const answer = purse.reserve('alice', 98_000, { rates: ratesOf(purse, 1) });
      await office.time.advance(5_000);
      expect(await answer).toMatchObject({ outcome: 'applied', rates: [{ view: { used: 1 } }] });
      expect(await purse.reserve('alice', 1, { rates: ratesOf(purse, 5) })).toMatchObject({
        outcome: 'denied',
      });
    },
  );
});

describe('a process that decides in memory', () => {
  it('asks the database once for many calls, and acknowledges an end when the ledger has it', async () => {
    const office = new Office(100_000);
    const { tier } = await office.process();
    const purse = office.purse(tier);
    await spend(purse, 'alice', 20);
    expect(tier.desk.counts.opened).toBe(1);
    expect(tier.counts).toMatchObject({ onCopies: 20, direct: 0 });
    expect(await office.account('alice')).toMatchObject({ settled: 2_000, reserved: 0 });
    expect(tier.unconfirmed.size).toBe(0);
  });

  it('does not acknowledge a settlement that the ledger could not take, and books it once it can', async () => {
    const office = new Office();
    const { tier } = await office.process();
    const purse = office.purse(tier);
    const id = await purse.open('alice', 100);
    const ingest = office.authority.ingest.bind(office.authority);
    office.authority.ingest = () => Promise.reject(new Error('away'));
    await expect(purse.settle(id, 70)).rejects.toThrow('away');
    office.authority.ingest = ingest;
    expect(await purse.settle(id, 70)).toMatchObject({ outcome: 'applied', spent: 70 });
    expect(await office.authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
  });

  it('gives everything back when it stops, so that nothing is set aside for it', async () => {
    const office = new Office();
    const leases = await office.process();
    await spend(office.purse(leases.tier), 'alice', 2);
    await leases.close();
    expect(await office.account('alice')).toEqual({ settled: 200, reserved: 0, leased: 0 });
    expect([...office.authority.books.everyLease()].map(({ state }) => state)).toEqual(['closed']);
    expect(office.authority.workers()).toEqual([]);
  });

  it('that stops leaves its open calls in the ledger, where the next one settles them', async () => {
    const office = new Office();
    const first = await office.process();
    const id = await office.purse(first.tier).open('alice', 100);
    await first.close();
    expect(await office.authority.reservation(id)).toMatchObject({ state: 'reserved' });
    const second = await office.process();
    expect(await office.purse(second.tier).settle(id, 60)).toMatchObject({
      outcome: 'applied',
      replayed: false,
      spent: 60,
    });
    expect(await office.account('alice')).toMatchObject({ settled: 60 });
  });

  it('that is killed leaves what it had leased set aside until the longest call is over, then it is free', async () => {
    const office = new Office();
    // Its own time stands still: nothing of it goes on.
    const killed = await office.process(false, new ManualTime(office.time.nowMs()));
    await office.purse(killed.tier).open('alice', 100);
    const { leased } = await office.account('alice');
    expect(leased).toBeGreaterThanOrEqual(100);
    await office.process();
    await office.time.advance(DEAD_AFTER_MS - 1_000);
    expect(await office.account('alice')).toMatchObject({ leased });
    await office.time.advance(20_000);
    expect(await office.account('alice')).toMatchObject({ leased: 0, settled: 0 });
  });

  it('gives back the copy of an account that nobody uses any more', async () => {
    const office = new Office(100_000);
    const leases = await office.process();
    await spend(office.purse(leases.tier), 'alice', 1);
    expect((await office.account('alice')).leased).toBeGreaterThan(0);
    await office.time.advance(20_000);
    expect(await office.account('alice')).toEqual({ settled: 100, reserved: 0, leased: 0 });
    expect(leases.isIdle).toBe(true);
  });
});

describe('several processes on one account', () => {
  it('admit together exactly what fits: a refused call gets what another one holds unspent', async () => {
    const office = new Office(10_000);
    const one = await office.process(true);
    const two = await office.process(true);
    const [mine, theirs] = [office.purse(one.tier), office.purse(two.tier)];
    // Two has drawn more than it uses.
    await spend(theirs, 'alice', 1);
    const held = 10_000 - 100;
    const answers: string[] = [];
    for (let call = 0; call < held / 100 + 1; call += 1) {
      const id = mine.id();
      const answer = mine.reserve('alice', 100, { id });
      await office.time.advance(80);
      answers.push((await answer).outcome);
      if ((await answer).outcome === 'applied') await mine.settle(id, 100);
    }
    expect(answers.filter((outcome) => outcome === 'applied')).toHaveLength(held / 100);
    expect(answers.at(-1)).toBe('denied');
    expect(one.tier.counts.reclaimed).toBeGreaterThan(0);
  });

  it('do not give back what their running calls hold', async () => {
    const office = new Office(1_000);
    const one = await office.process(true);
    const two = await office.process(true);
    const theirs = office.purse(two.tier);
    await theirs.open('alice', 600);
    const answer = office.purse(one.tier).reserve('alice', 600);
    await office.time.advance(1_000);
    expect((await answer).outcome).toBe('denied');
    const third = office.purse(one.tier);
    const fits = third.reserve('alice', 400, { id: third.id() });
    await office.time.advance(1_000);
    expect((await fits).outcome).toBe('applied');
  });
});

describe('while the copies are away', () => {
  it('the first calls of an account go to the database, and those of a busy one are decided in memory', async () => {
    const office = new Office(100_000);
    const outage = office.outage();
    const purse = office.purse(outage);
    await spend(purse, 'rare', 1);
    await spend(purse, 'busy', BUSY_CALLS);
    await settled();
    expect(outage.leases).toBeDefined();
    await spend(purse, 'busy', 5);
    expect(outage.counts).toMatchObject({ processCalls: 5, processLeases: 1 });
    await spend(purse, 'rare', 1);
    expect(outage.counts).toMatchObject({ processCalls: 5, processLeases: 1 });
    expect(await office.account('busy')).toMatchObject({ settled: (BUSY_CALLS + 5) * 100 });
  });

  it('and when they are back everything is given back, and the process stops holding anything', async () => {
    const office = new Office(100_000);
    const outage = office.outage();
    await spend(office.purse(outage), 'busy', BUSY_CALLS);
    await settled();
    await spend(office.purse(outage), 'busy', 5).catch(() => undefined);
    await office.time.advance(60_000);
    expect(outage.leases).toBeUndefined();
    expect((await office.account('busy')).leased).toBe(0);
    expect(office.authority.workers()).toEqual([]);
  });

  it('a call that the database holds is ended there, also when the process leases by now', async () => {
    const office = new Office(100_000);
    const outage = office.outage();
    const purse = office.purse(outage);
    const early = await purse.open('busy', 100);
    await spend(purse, 'busy', BUSY_CALLS);
    await settled();
    expect(await purse.settle(early, 40)).toMatchObject({ outcome: 'applied', spent: 40 });
    expect(await office.account('busy')).toMatchObject({ settled: BUSY_CALLS * 100 + 40 });
  });
});
