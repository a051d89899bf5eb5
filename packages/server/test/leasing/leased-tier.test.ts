/** What the leased tier does when its stores come and go: each path on its own, time in the test's hands. */
import type { Amount, DurationMs, ReservationId } from '@bursar/core';
import { describe, expect, it } from 'vitest';
import { FAILURES_TO_OPEN } from '../../src/breaker/breaker.ts';
import { PAGE_EVENTS_FIRST } from '../../src/sync/plan-sync.ts';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';

async function started(
  over?: ConstructorParameters<typeof HybridInMemory>[0],
): Promise<HybridInMemory> {
  const hybrid = new HybridInMemory(over);
  await hybrid.sync.start();
  return hybrid;
}

describe('a settlement', () => {
  it('is in the ledger when the answer comes, if the caller asked for that', async () => {
    const { purse, authority } = await started();
    const id = await purse.open('alice', 100);
    const settle = { kind: 'settle', reservation: id, cost: 70 as never, final: true } as const;
    await purse.execute({ ...settle, ack: 'ledger', detail: null });
    expect(await authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
  });

  it('is journaled and carried by the process until the journal has come home', async () => {
    const { purse, authority, tier, sync } = await started();
    const id = await purse.open('alice', 100);
    await purse.settle(id, 70);
    expect(await authority.reservation(id)).toBeUndefined();
    expect(tier.unconfirmed.size).toBe(1);
    await sync.bringHome(0);
    expect(await authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
    expect(tier.unconfirmed.size).toBe(0);
  });

  it('that was acknowledged survives the loss of the copies', async () => {
    const hybrid = await started();
    const { purse, authority, time, sync } = hybrid;
    const id = await purse.open('alice', 100);
    await purse.settle(id, 70);
    hybrid.loseCopies();
    await time.advance(10_000);
    await sync.keepHouse();
    expect(await authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
  });

  it('repeated on another server is carried by that one too, for the first may be dead', async () => {
    const first = await started();
    const second = await started({ shared: first });
    const id = await first.purse.open('alice', 100);
    await first.purse.settle(id, 70);
    await second.purse.settle(id, 70);
    first.copiesAre = 'unavailable';
    first.authorityIs = 'unavailable';
    second.loseCopies();
    await second.time.advance(10_000);
    await second.sync.keepHouse();
    expect(await second.authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
  });

  it('is not undone by a word of the ledger that it has overtaken', async () => {
    const { purse, gate } = await started();
    const { account } = purse.leg('alice');
    const reservation = await purse.open('alice', 100);
    await purse.settle(reservation, 70);
    const read = await gate.execute({ kind: 'read', account });
    if (read.answer !== 'copy' || read.copy === null) throw new Error('there is no copy');
    const { lease } = read.copy;
    for (const spent of [0, 40] as Amount[]) {
      const correction = {
        account,
        reservation,
        lease,
        state: 'expired',
        spent,
        shown: 0 as Amount,
      } as const;
      await gate.execute({ kind: 'correct', reservation, corrections: [correction] });
    }
    expect(await gate.execute({ kind: 'read', account })).toMatchObject({ copy: { settled: 70 } });
  });

  it('that came after a release is on the copy in the end, even if word of the release undid it there', async () => {
    const { purse, gate, sync } = await started();
    const { account } = purse.leg('alice');
    const reservation = await purse.open('alice', 100);
    await purse.execute({ kind: 'release', reservation, detail: null });
    await sync.bringHome(0);
    await purse.settle(reservation, 70);
    const read = await gate.execute({ kind: 'read', account });
    if (read.answer !== 'copy' || read.copy === null) throw new Error('there is no copy');
    const { lease } = read.copy;
    const correction = {
      account,
      reservation,
      lease,
      state: 'released',
      spent: 0 as Amount,
      shown: 0 as Amount,
    } as const;
    await gate.execute({ kind: 'correct', reservation, corrections: [correction] });
    await sync.bringHome(0);
    await sync.keepHouse();
    expect(await gate.execute({ kind: 'read', account })).toMatchObject({ copy: { settled: 70 } });
  });

  it('of a call that this process remembers is booked on its lease when the copies forgot it', async () => {
    const hybrid = await started();
    const { purse, authority } = hybrid;
    const id = await purse.open('alice', 100);
    hybrid.loseCopies();
    expect(await purse.settle(id, 70)).toMatchObject({ outcome: 'applied', spent: 70 });
    const [entry] = await authority.entries({ account: purse.leg('alice').account, limit: 1 });
    expect(entry).toMatchObject({ kind: 'settle', amount: 70, lease: 'one-1' });
  });

  it('of a call that nobody remembers is booked once on what the caller names, and refused without that', async () => {
    const hybrid = await started();
    const { purse, authority } = hybrid;
    const id = purse.id();
    expect(await purse.settle(id, 70)).toMatchObject({ code: 'reservation_not_found' });
    const settle = () =>
      purse.execute({
        kind: 'settle',
        reservation: id,
        cost: 70 as never,
        final: true,
        adopt: { legs: [purse.leg('alice')], terms: null },
        detail: null,
      });
    expect(await settle()).toMatchObject({ outcome: 'applied', late: true, replayed: false });
    expect(await settle()).toMatchObject({ outcome: 'applied', replayed: true });
    expect(await authority.account(purse.leg('alice').account)).toMatchObject({ settled: 70 });
  });

  it('on copies that have lost a leg is booked on all budgets that it names, by who does not remember the call', async () => {
    const one = await started();
    const two = await started({ shared: one });
    const id = await one.purse.open(['alice', 'team'], 100);
    one.data.forget(one.purse.leg('alice').account);
    await two.purse.execute({
      kind: 'settle',
      reservation: id,
      cost: 70 as never,
      final: true,
      adopt: { legs: [two.purse.leg('alice'), two.purse.leg('team')], terms: null },
      detail: null,
    });
    await two.sync.bringHome(0);
    for (const user of ['alice', 'team']) {
      const { account } = two.purse.leg(user);
      expect(await two.authority.account(account)).toMatchObject({ settled: 70 });
    }
  });

  it('goes past copies that do not answer, and they are told when they do again', async () => {
    const hybrid = await started();
    const { purse, sync } = hybrid;
    const id = await purse.open('alice', 100);
    hybrid.copiesAre = 'unavailable';
    expect(await purse.settle(id, 70)).toMatchObject({ outcome: 'applied', spent: 70 });
    hybrid.copiesAre = 'no';
    await sync.keepHouse();
    const answer = await hybrid.gate.execute({ kind: 'read', account: purse.leg('alice').account });
    expect(answer).toMatchObject({ copy: { settled: 70, reserved: 0 } });
  });
});

describe('a reservation', () => {
  it('whose answer got lost is covered once by the authority, and given back on the copies', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.settle(await purse.open('alice', 1), 0);
    hybrid.copiesAre = 'answers lost';
    const id = await purse.open('alice', 100);
    expect(await purse.sums('alice')).toMatchObject({ reserved: 100 });
    hybrid.copiesAre = 'no';
    await hybrid.time.advance(1_000);
    const read = await hybrid.gate.execute({ kind: 'read', account: purse.leg('alice').account });
    expect(read).toMatchObject({ copy: { reserved: 0 } });
    expect(await hybrid.authority.reservation(id)).toMatchObject({
      state: 'reserved',
      amount: 100,
    });
  });

  it('that only the copies may hold is never given back there, for a repeat may rely on it', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.settle(await purse.open('alice', 1), 0);
    hybrid.copiesAre = 'answers lost';
    hybrid.authorityIs = 'unavailable';
    const id = purse.id();
    await expect(purse.reserve('alice', 100, { id })).rejects.toThrow('away');
    hybrid.copiesAre = 'no';
    hybrid.authorityIs = 'no';
    expect(await purse.reserve('alice', 100, { id })).toMatchObject({ outcome: 'applied' });
    await hybrid.time.advance(30_000);
    const read = await hybrid.gate.execute({ kind: 'find', reservation: id });
    expect(read).toMatchObject({ found: { state: 'reserved', amount: 100 } });
  });

  it('that only the copies may hold is given back there once they hear that it was released', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.settle(await purse.open('alice', 1), 0);
    hybrid.copiesAre = 'answers lost';
    hybrid.authorityIs = 'unavailable';
    const id = purse.id();
    await expect(purse.reserve('alice', 100, { id })).rejects.toThrow('away');
    hybrid.copiesAre = 'unavailable';
    hybrid.authorityIs = 'no';
    const released = await purse.execute({ kind: 'release', reservation: id, detail: null });
    expect(released).toMatchObject({ code: 'reservation_not_found' });
    hybrid.copiesAre = 'no';
    await hybrid.time.advance(1_000);
    const read = await hybrid.gate.execute({ kind: 'read', account: purse.leg('alice').account });
    expect(read).toMatchObject({ copy: { reserved: 0 } });
  });

  it('that the authority denied is not given back on the copies either', async () => {
    const hybrid = await started({ defaultLimit: 100 });
    const { purse } = hybrid;
    await purse.settle(await purse.open('alice', 99), 0);
    hybrid.copiesAre = 'answers lost';
    const id = purse.id();
    expect(await purse.reserve('alice', 99, { id })).toMatchObject({ outcome: 'denied' });
    hybrid.copiesAre = 'no';
    await hybrid.time.advance(5_000);
    expect(await hybrid.gate.execute({ kind: 'find', reservation: id })).toMatchObject({
      found: { state: 'reserved', amount: 99 },
    });
  });

  it('is decided by the authority within what is not leased while the copies are away', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.open('alice', 10);
    const leased = (await hybrid.authority.account(purse.leg('alice').account))?.leased ?? 0;
    hybrid.copiesAre = 'unavailable';
    expect(await purse.reserve('alice', 1_000 - leased)).toMatchObject({ outcome: 'applied' });
    expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
  });

  it('is refused as unavailable, not as too dear, when neither store answers', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    hybrid.copiesAre = 'unavailable';
    hybrid.authorityIs = 'unavailable';
    await expect(purse.reserve('alice', 1)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('goes on within the lease while the authority is away, and not beyond it', async () => {
    const hybrid = await started();
    const { purse } = hybrid;
    await purse.open('alice', 10);
    hybrid.authorityIs = 'unavailable';
    expect(await purse.reserve('alice', 10)).toMatchObject({ outcome: 'applied' });
    await expect(purse.reserve('alice', 900)).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('the gate', () => {
  it('lets nothing reach the copies while the breaker is open, but one probe', async () => {
    const hybrid = await started({ defaultLimit: null });
    const { purse, gate, time } = hybrid;
    hybrid.copiesAre = 'unavailable';
    for (let call = 0; call < FAILURES_TO_OPEN; call += 1) await purse.open('alice', 1);
    expect(gate.isOpen).toBe(false);
    const before = hybrid.reached;
    for (let call = 0; call < 50; call += 1) await purse.open('alice', 1);
    await time.advance(50_000);
    expect(hybrid.reached).toBe(before);
    await time.advance(10_000);
    expect(hybrid.reached).toBe(before + 1);
  });

  it('counts a sweep that cannot reach the copies as the failure it is', async () => {
    const hybrid = await started({ defaultLimit: null });
    const { purse, gate, tier } = hybrid;
    hybrid.copiesAre = 'unavailable';
    for (let call = 1; call < FAILURES_TO_OPEN; call += 1) await purse.open('alice', 1);
    expect(gate.isOpen).toBe(true);
    await tier.sweep(100);
    expect(gate.isOpen).toBe(false);
  });

  it('returns in stages: 1, 10, 50, then 100 % of the tenants, and closes at once on new failures', async () => {
    const hybrid = await started({ defaultLimit: null });
    const { purse, gate, time } = hybrid;
    hybrid.copiesAre = 'unavailable';
    for (let call = 0; call < FAILURES_TO_OPEN; call += 1) await purse.open('alice', 1);
    hybrid.copiesAre = 'no';
    await time.advance(60_000);
    const shares = [gate.share];
    for (let stage = 0; stage < 3; stage += 1) {
      await time.advance(5_000);
      shares.push(gate.share);
    }
    expect(shares).toEqual([0.01, 0.1, 0.5, 1]);
    const tenants = Array.from({ length: 1_000 }, (_, index) => `tenant-${index}`);
    expect(tenants.every((tenant) => gate.takes(tenant))).toBe(true);
    hybrid.copiesAre = 'unavailable';
    for (let call = 0; call < FAILURES_TO_OPEN; call += 1) await purse.open('alice', 1);
    expect(gate.share).toBe(0);
  });

  it('does not blame the copies when the authority cannot say which they are', async () => {
    const hybrid = await started();
    hybrid.loseCopies();
    hybrid.authorityIs = 'unavailable';
    for (let call = 0; call < 10; call += 1) {
      await expect(hybrid.gate.handshake()).rejects.toThrow('PostgreSQL cannot say which');
    }
    expect(hybrid.gate.isOpen).toBe(true);
  });

  it('bars the way when the authority was out of reach for half the time after which it takes us for dead', async () => {
    const hybrid = await started();
    hybrid.authorityIs = 'unavailable';
    await hybrid.time.advance(899_000);
    expect(hybrid.gate.isOpen).toBe(true);
    await hybrid.time.advance(2_000);
    expect(hybrid.gate.isOpen).toBe(false);
    hybrid.authorityIs = 'no';
    await hybrid.time.advance(2_000);
    expect(hybrid.gate.isOpen).toBe(true);
  });
});

describe('an extension', () => {
  it('on a server that did not reserve the call asks for what it adds, and not for all of it', async () => {
    const first = await started();
    const second = await started({ shared: first });
    await first.purse.setLimit('alice', 100);
    const reservation = await first.purse.open('alice', 60);
    const extend = (amount: number) =>
      second.purse.execute({
        kind: 'extend',
        reservation,
        amount: amount as Amount,
        ttlMs: 60_000 as DurationMs,
        dispatched: true,
      });
    expect(await extend(90)).toMatchObject({ outcome: 'applied', amount: 90 });
    expect(await extend(120)).toMatchObject({ outcome: 'denied', shortfalls: [{ missing: 20 }] });
  });
});

describe('a user who has spent everything', () => {
  /** A server on which alice has nothing left, and a way to find out whether a refusal has asked the authority. */
  async function spentUp(): Promise<HybridInMemory> {
    const hybrid = await started({ defaultLimit: 100 });
    const { purse } = hybrid;
    await purse.settle(await purse.open('alice', 100), 100);
    expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    return hybrid;
  }

  it('is refused call after call without the authority being asked, for a second', async () => {
    const hybrid = await spentUp();
    const { purse, time } = hybrid;
    hybrid.authorityIs = 'unavailable';
    for (let call = 0; call < 3; call += 1) {
      expect(await purse.reserve('alice', 1)).toMatchObject({
        outcome: 'denied',
        shortfalls: [{ missing: 1 }],
        accounts: [{ settled: 100, reserved: 0, limit: 100 }],
      });
    }
    await time.advance(1_000);
    await expect(purse.reserve('alice', 1)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it.each(['setLimit', 'grant'] as const)(
    'goes on at once after a %s on another server',
    async (kind) => {
      const hybrid = await spentUp();
      const second = await started({ shared: hybrid });
      if (kind === 'setLimit') await second.purse.setLimit('alice', 101);
      else await second.purse.grant('alice', 'gift', 1);
      expect(await hybrid.purse.reserve('alice', 1)).toMatchObject({ outcome: 'applied' });
      expect(await hybrid.purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    },
  );

  it('goes on at once when what was set aside on the copy comes back', async () => {
    const hybrid = await started({ defaultLimit: 100 });
    const { purse } = hybrid;
    const id = await purse.open('alice', 100);
    expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    await purse.release(id);
    expect(await purse.reserve('alice', 100)).toMatchObject({ outcome: 'applied' });
  });

  it('goes on at once when what was set aside elsewhere comes back', async () => {
    const hybrid = await started({ defaultLimit: 100 });
    const second = await started({ shared: hybrid });
    second.copiesAre = 'unavailable';
    const id = await second.purse.open('alice', 100);
    for (let call = 0; call < 3; call += 1) {
      expect(await hybrid.purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    }
    await second.purse.release(id);
    expect(await hybrid.purse.reserve('alice', 100)).toMatchObject({ outcome: 'applied' });
  });

  it('goes on within a second after a change that the copies could not be told of', async () => {
    const hybrid = await spentUp();
    const second = await started({ shared: hybrid });
    second.copiesAre = 'unavailable';
    await second.purse.setLimit('alice', 101).catch(() => undefined);
    await hybrid.time.advance(1_000);
    expect(await hybrid.purse.reserve('alice', 1)).toMatchObject({ outcome: 'applied' });
  });

  it('is asked about again when a copy says otherwise than when the refusal was made', async () => {
    const hybrid = await spentUp();
    const second = await started({ shared: hybrid });
    await second.purse.setLimit('alice', 110);
    second.copiesAre = 'unavailable';
    const id = second.purse.idNumber(500);
    const other = second.purse.idNumber(501);
    await second.purse.open('alice', 10, { id });
    second.copiesAre = 'no';
    // The copy hears of the ten by another server's draw, and shows as little room as it did.
    const refused = await second.purse.reserve('alice', 1, { id: other });
    expect(refused).toMatchObject({ outcome: 'denied' });
    second.copiesAre = 'unavailable';
    await second.purse.release(id);
    expect(await hybrid.purse.reserve('alice', 1)).toMatchObject({ outcome: 'applied' });
  });

  it('may still make a smaller call that fits', async () => {
    const { purse } = await started({ defaultLimit: 100 });
    await purse.open('alice', 90);
    expect(await purse.reserve('alice', 20)).toMatchObject({ outcome: 'denied' });
    expect(await purse.reserve('alice', 20)).toMatchObject({ outcome: 'denied' });
    expect(await purse.reserve('alice', 10)).toMatchObject({ outcome: 'applied' });
  });
});

describe('a copy that was deleted', () => {
  /** A dispatched call of alice's, known to the ledger, whose copy is gone. */
  async function lost(): Promise<{ readonly hybrid: HybridInMemory; readonly id: ReservationId }> {
    const hybrid = await started({ defaultLimit: 100 });
    const { purse, sync } = hybrid;
    const id = await purse.open('alice', 80);
    await purse.extend(id, { dispatched: true });
    await sync.bringHome(0);
    await hybrid.evictCopies();
    return { hybrid, id };
  }

  it('is noticed without another call on its account, and what was set aside there comes back', async () => {
    const { hybrid, id } = await lost();
    await hybrid.time.advance(300_000);
    await hybrid.tier.sweep(10);
    await hybrid.time.advance(60_000);
    expect(await hybrid.authority.reservation(id)).toMatchObject({ state: 'expired', spent: 80 });
    expect(await hybrid.purse.reserve('alice', 20)).toMatchObject({ outcome: 'applied' });
    expect(hybrid.sync.counts['lost']).toBe(1);
  });

  it('is told from one that is there, and has only not been swept yet', async () => {
    const { purse, sync, time, gate } = await started({ defaultLimit: 100 });
    await purse.extend(await purse.open('alice', 80), { dispatched: true });
    await time.advance(300_000);
    expect(sync.counts['lost']).toBe(0);
    const read = await gate.execute({ kind: 'read', account: purse.leg('alice').account });
    expect(read).toMatchObject({ copy: { reserved: 80 } });
  });
});

describe('a page of a journal', () => {
  it('asks for twice as many events as before while they are booked at once', async () => {
    const { purse, sync, data } = await started();
    const asked: number[] = [];
    const journal = data.journal.bind(data);
    data.journal = (shard, after, limit) => {
      asked.push(limit);
      return journal(shard, after, limit);
    };
    for (let call = 0; call < PAGE_EVENTS_FIRST + 1; call += 1) {
      await purse.settle(await purse.open('alice', 1), 0);
    }
    await sync.bringHome(0);
    expect(asked).toEqual([PAGE_EVENTS_FIRST, 2 * PAGE_EVENTS_FIRST]);
  });
});

describe('a limit', () => {
  it('lowered while calls run lets nobody spend what those calls give back', async () => {
    const { purse } = await started();
    await purse.setLimit('alice', 1_000);
    const id = await purse.open('alice', 400);
    await purse.setLimit('alice', 100);
    expect(await purse.settle(id, 20)).toMatchObject({ outcome: 'applied', overage: 0 });
    // 380 came back to a lease that the limit does not cover any more.
    expect(await purse.reserve('alice', 81)).toMatchObject({
      outcome: 'denied',
      shortfalls: [{ missing: 1 }],
    });
    expect(await purse.reserve('alice', 80)).toMatchObject({ outcome: 'applied' });
    await purse.setLimit('alice', 500);
    expect(await purse.reserve('alice', 400)).toMatchObject({ outcome: 'applied' });
    expect(await purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
  });

  it('lowered below what is leased takes back what is not set aside, for every server of the copies', async () => {
    const first = await started({ defaultLimit: 1_000_000 });
    const second = await started({ shared: first });
    const id = await first.purse.open('alice', 100);
    const read = await first.gate.execute({
      kind: 'read',
      account: first.purse.leg('alice').account,
    });
    expect(read).toMatchObject({ copy: { drawn: 250_000 } });
    await first.purse.setLimit('alice', 100);
    const other = second.purse.idNumber(500);
    expect(await second.purse.reserve('alice', 1, { id: other })).toMatchObject({
      outcome: 'denied',
    });
    expect(await first.purse.settle(id, 100)).toMatchObject({ outcome: 'applied' });
    await first.purse.setLimit('alice', 101);
    expect(await second.purse.reserve('alice', 1, { id: other })).toMatchObject({
      outcome: 'applied',
    });
  });
});

describe('a process that stops', () => {
  it('brings everything home and leaves, so that nobody waits for it', async () => {
    const { purse, tier, sync, authority } = await started();
    await purse.settle(await purse.open('alice', 100), 70);
    await tier.close();
    await sync.stop();
    expect(await authority.account(purse.leg('alice').account)).toMatchObject({ settled: 70 });
    expect(authority.workers()).toEqual([]);
  });

  it('goes on being spoken of when calls that it began still run', async () => {
    const { purse, tier, sync, authority } = await started();
    await purse.open('alice', 100);
    await tier.close();
    await sync.stop();
    expect(authority.workers()).toEqual(['one']);
  });
});
