/** A tier that goes on deciding when no store can: what it lets through, what it refuses, and that all of it is booked. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Amount, DurationMs, InstantMs } from '@bursar/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LENIENT_TIMES } from '../../src/lenient/lenient-times.ts';
import { readStoredEvent } from '../../src/set-aside/stored-event.ts';
import { ALLOWANCE, LenientInMemory, LIMIT } from '../support/lenient-in-memory.ts';
import { settled } from '../support/manual-time.ts';

let world: LenientInMemory;
beforeEach(async () => {
  world = new LenientInMemory();
  await world.start();
});
afterEach(async () => {
  const findings = await world.auditor.findings();
  await world.stop();
  if (findings.length > 0) throw new Error(findings.join('; '));
});

const away = { code: 'store_unavailable', message: expect.stringContaining('No store answers') };

describe('while the store is there', () => {
  it('decides nothing itself, and writes nothing down', async () => {
    const id = await world.purse.open('alice', 100);
    await world.purse.settle(id, 60);
    expect(await world.purse.reserve('alice', LIMIT)).toMatchObject({ outcome: 'denied' });
    expect(world.tier.counts).toMatchObject({ alone: 0, outages: 0, journalFlushes: 0 });
  });

  it('passes on an error that is no outage: bounds of the process, or a hiccup', async () => {
    const { store } = world;
    const execute = store.execute.bind(store);
    store.execute = async () => {
      const { BursarError } = await import('@bursar/core');
      throw new BursarError('store_unavailable', { message: 'too many commands wait' });
    };
    await expect(world.purse.reserve('alice', 1)).rejects.toMatchObject({
      message: 'too many commands wait',
    });
    store.execute = execute;
    expect(world.tier.outage).toBeUndefined();
    expect(await world.purse.reserve('alice', 1)).toMatchObject({ outcome: 'applied' });
  });

  it('waits on for a store that is slow and still there', async () => {
    const { store } = world;
    const execute = store.execute.bind(store);
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    store.execute = async (command) => {
      await gate;
      return execute(command);
    };
    const answer = world.purse.reserve('alice', 1);
    await world.time.advance(20 * LENIENT_TIMES.patienceMs);
    go();
    expect(await answer).toMatchObject({ outcome: 'applied' });
    expect(world.tier.counts).toMatchObject({ alone: 0 });
  });
});

describe('while the store is away', () => {
  it('lets calls through, settles them, and books them when it is back', async () => {
    world.goAway();
    const first = await world.purse.open('alice', 100);
    const second = await world.purse.open('bob', 200);
    await world.purse.extend(first, { dispatched: true, amount: 150 });
    expect(await world.purse.settle(first, 120)).toMatchObject({ spent: 120, state: 'settled' });
    await world.purse.release(second);
    expect(world.tier.outage).toMatchObject({ used: 120 });
    expect([await world.booked('alice'), await world.booked('bob')]).toEqual([0, 0]);
    await world.recover();
    expect([await world.booked('alice'), await world.booked('bob')]).toEqual([120, 0]);
    expect(await world.store.reservation(second)).toMatchObject({ state: 'released' });
    expect(world.setAside).toEqual([]);
  });

  it('lets through no more than its allowance, counting what is open and what was spent', async () => {
    world.goAway();
    const first = await world.purse.open('alice', 400);
    await expect(world.purse.reserve('bob', 201)).rejects.toMatchObject(away);
    await world.purse.settle(first, 100);
    const second = await world.purse.open('bob', ALLOWANCE - 100);
    await expect(world.purse.reserve('carol', 1)).rejects.toMatchObject(away);
    await expect(world.purse.extend(second, { amount: 501 })).rejects.toMatchObject(away);
    // Money that was spent is taken in all the same.
    await world.purse.settle(second, 550);
    expect(world.tier.outage).toMatchObject({ used: 650 });
    expect(world.tier.counts).toMatchObject({ turnedAway: 3 });
    await world.recover();
    expect(await world.booked('bob')).toBe(550);
  });

  it('gives each outage the whole allowance, and never more calls than it keeps', async () => {
    world = new LenientInMemory({ openMax: 2, callsMax: 3 });
    await world.start();
    for (let outage = 0; outage < 3; outage += 1) {
      world.goAway();
      const first = await world.purse.open('alice', 1);
      await world.purse.open('alice', 1);
      await expect(world.purse.reserve('alice', 1)).rejects.toMatchObject(away);
      await world.purse.settle(first, 1);
      await world.purse.settle(await world.purse.open(`user-${outage}`, 500), 500);
      await expect(world.purse.reserve('alice', 1)).rejects.toMatchObject(away);
      await world.recover();
      expect(await world.booked(`user-${outage}`)).toBe(500);
    }
    expect(world.tier.counts).toMatchObject({ outages: 3 });
  });

  it('answers a repeat as the first time, and refuses the same id for something else', async () => {
    world.goAway();
    const id = await world.purse.open('alice', 100);
    expect(await world.purse.reserve('alice', 100, { id })).toMatchObject({ replayed: true });
    expect(await world.purse.reserve('alice', 101, { id })).toMatchObject({
      code: 'idempotency_key_reused',
    });
    await world.purse.settle(id, 70);
    expect(await world.purse.settle(id, 70)).toMatchObject({ replayed: true, spent: 70 });
    expect(await world.purse.settle(id, 71)).toMatchObject({ code: 'reservation_already_settled' });
    expect(await world.purse.release(id)).toMatchObject({ code: 'reservation_already_settled' });
    await world.recover();
    expect(await world.purse.reserve('alice', 100, { id })).toMatchObject({
      code: 'reservation_already_settled',
    });
    expect(await world.purse.settle(id, 70)).toMatchObject({ replayed: true });
    expect(await world.booked('alice')).toBe(70);
  });

  it('answers a repeat only when what it repeats is on the disk', async () => {
    world.goAway();
    await world.purse.open('alice', 1);
    const id = world.purse.id();
    const first = world.purse.reserve('alice', 2, { id });
    expect(await world.purse.reserve('alice', 2, { id })).toMatchObject({ replayed: true });
    // At this very moment, not some time later.
    const written = readdirSync(world.directory).map((file) =>
      readFileSync(join(world.directory, file), 'utf8'),
    );
    expect(written.join('')).toContain(id);
    await first;
  });

  it('lets nobody spend more than was left when the account was last seen', async () => {
    await world.purse.settle(await world.purse.open('alice', 900), 900);
    world.goAway();
    const answer = await world.purse.reserve('alice', 200);
    expect(answer).toMatchObject({ outcome: 'denied', shortfalls: [{ missing: 100 }] });
    const id = await world.purse.open('alice', 100);
    expect(await world.purse.sums('alice')).toMatchObject({ settled: 900, reserved: 100 });
    await world.purse.settle(id, 100);
    expect(await world.purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
    await world.recover();
    expect(await world.booked('alice')).toBe(1_000);
  });

  it('shows nothing as newer than what the ledger says afterwards', async () => {
    await world.purse.settle(await world.purse.open('alice', 10), 10);
    const { account } = world.purse.leg('alice');
    const before = (await world.store.account(account))?.sequence ?? 0;
    world.goAway();
    for (let call = 0; call < 5; call += 1) {
      await world.purse.settle(await world.purse.open('alice', 10), 10);
    }
    expect(await world.tier.account(account)).toMatchObject({ settled: 60, sequence: before });
    await world.recover();
    expect((await world.store.account(account))?.sequence).toBeGreaterThan(before);
  });

  it('shows no account that it never saw, for it knows no limit of it', async () => {
    world.goAway();
    expect(await world.purse.reserve('stranger', 10)).toMatchObject({ accounts: [] });
    await expect(world.purse.sums('stranger')).rejects.toMatchObject(away);
  });

  it('books what passes the limit as it was spent: the next call is refused', async () => {
    world.goAway();
    const id = await world.purse.open('alice', 500);
    world.goAway();
    await world.purse.settle(id, 500);
    await world.recover();
    await world.purse.settle(await world.purse.open('alice', 500), 500);
    await world.kill();
    await world.start();
    world.goAway();
    // This server has not seen the account: it only knows the allowance.
    await world.purse.settle(await world.purse.open('alice', 300), 300);
    await world.recover();
    expect(await world.booked('alice')).toBe(1_300);
    expect(await world.purse.reserve('alice', 1)).toMatchObject({ outcome: 'denied' });
  });

  it('ends calls whose callers vanished at their deadline, and gives their allowance to others', async () => {
    world.goAway();
    const tentative = await world.purse.open('alice', 300, { ttlMs: 1_000 });
    const dispatched = await world.purse.open('alice', 300, { ttlMs: 1_000 });
    await world.purse.extend(dispatched, { dispatched: true, ttlMs: 1_000 });
    expect(await world.tier.sweep(100)).toBe(0);
    await world.time.advance(1_000);
    expect(await world.tier.sweep(100)).toBe(2);
    expect(world.tier.outage).toMatchObject({ used: 300 });
    await world.purse.open('bob', 300);
    await world.recover();
    expect(await world.store.reservation(tentative)).toMatchObject({ state: 'expired', spent: 0 });
    expect(await world.store.reservation(dispatched)).toMatchObject({
      state: 'expired',
      spent: 300,
    });
    // The truth, when it comes after all.
    expect(await world.purse.settle(dispatched, 40)).toMatchObject({ late: true });
    expect(await world.booked('alice')).toBe(40);
  });

  it('hands open calls over with their deadlines: they are settled, or end by themselves', async () => {
    world.goAway();
    const goesOn = await world.purse.open('alice', 100, { ttlMs: 600_000 });
    const vanishes = await world.purse.open('alice', 100);
    await world.purse.settle(goesOn, 30, { final: false });
    await world.purse.extend(vanishes, { dispatched: true, ttlMs: 30_000 });
    await world.recover();
    expect(await world.purse.sums('alice')).toMatchObject({ settled: 30, reserved: 170 });
    expect(await world.purse.extend(goesOn, { amount: 150 })).toMatchObject({ amount: 150 });
    await world.time.advance(30_000);
    expect(await world.tier.sweep(100)).toBe(1);
    expect(await world.purse.settle(goesOn, 140)).toMatchObject({ spent: 140, late: false });
    expect(await world.booked('alice')).toBe(240);
  });

  it('knows nothing of what only a store knows, and changes nothing only a store may change', async () => {
    world.goAway();
    for (const ask of [
      () => world.purse.setLimit('alice', 1),
      () => world.purse.grant('alice', 'g', 1),
      () => world.purse.adjust('alice', 'a', 1),
      () => world.purse.ledger('alice'),
      () => world.tier.limit('t/user:alice/credit' as never),
      () => world.tier.reservation(world.purse.idNumber(9_999)),
      () => world.purse.expire(world.purse.idNumber(9_999)),
    ]) {
      await expect(ask()).rejects.toMatchObject(away);
    }
    expect(await world.tier.nowMs()).toBe(world.time.nowMs());
  });

  it('does not say "in the ledger" of what is not', async () => {
    world.goAway();
    const id = await world.purse.open('alice', 10);
    await expect(
      world.purse.execute({
        kind: 'settle',
        reservation: id,
        cost: 5 as Amount,
        final: true,
        ack: 'ledger',
        detail: null,
      }),
    ).rejects.toMatchObject(away);
  });

  it('refuses a call for another month than this one', async () => {
    world.goAway();
    const december = Date.UTC(2026, 11, 2) as InstantMs;
    const answer = await world.purse.execute({
      kind: 'reserve',
      reservation: world.purse.id(),
      fingerprint: 'f' as never,
      legs: [world.purse.leg('alice', december)],
      amount: 1 as Amount,
      ttlMs: 1_000 as DurationMs,
      terms: null,
    });
    expect(answer).toEqual({ outcome: 'period_mismatch', nowMs: world.time.nowMs() });
  });
});

describe('calls that a store had reserved before', () => {
  it('are extended, settled and released meanwhile, and the store hears of it', async () => {
    const settles = await world.purse.open('alice', 100);
    const releases = await world.purse.open('alice', 100);
    const beats = await world.purse.open('alice', 100, { ttlMs: 10_000 });
    world.goAway();
    expect(await world.purse.reserve('alice', 100, { id: settles })).toMatchObject({
      outcome: 'applied',
      replayed: true,
      amount: 100,
    });
    expect(await world.purse.settle(settles, 80)).toMatchObject({ spent: 80, overage: 0 });
    expect(await world.purse.settle(settles, 80)).toMatchObject({ replayed: true });
    expect(await world.purse.release(releases)).toMatchObject({ state: 'released' });
    await world.purse.extend(beats, { dispatched: true, ttlMs: 60_000 });
    expect(world.tier.outage).toMatchObject({ used: 0 });
    await world.time.advance(9_000);
    await world.recover();
    expect(await world.purse.sums('alice')).toMatchObject({ settled: 80, reserved: 100 });
    // The mark and the time of the heartbeat arrived.
    await world.time.advance(20_000);
    expect(await world.tier.sweep(10)).toBe(0);
    await world.time.advance(60_000);
    expect(await world.tier.sweep(10)).toBe(1);
    expect(await world.booked('alice')).toBe(180);
  });

  it('take of the allowance only what they are allowed beyond what was set aside for them', async () => {
    const id = await world.purse.open('alice', 100);
    world.goAway();
    await world.purse.extend(id, { amount: 400 });
    expect(world.tier.outage).toMatchObject({ used: 300 });
    await expect(world.purse.extend(id, { amount: 701 })).rejects.toMatchObject(away);
    await world.purse.settle(id, 350);
    expect(world.tier.outage).toMatchObject({ used: 250 });
    await world.recover();
    expect(await world.booked('alice')).toBe(350);
  });

  it('are settled although neither this server nor any store knows them, on what the caller names', async () => {
    world.goAway();
    const id = world.purse.id();
    const settle = {
      kind: 'settle',
      reservation: id,
      cost: 70 as Amount,
      final: true,
      adopt: { legs: [world.purse.leg('alice')], terms: { model: 'm' } },
      detail: { basis: 'reported' },
    } as const;
    expect(await world.purse.execute(settle)).toMatchObject({ outcome: 'applied', spent: 70 });
    expect(world.tier.outage).toMatchObject({ used: 0 });
    await world.recover();
    expect(await world.booked('alice')).toBe(70);
    expect(await world.purse.execute(settle)).toMatchObject({ replayed: true });
  });

  it('that nobody knows are set aside with the reason, and hold up nobody', async () => {
    world.goAway();
    const unknown = world.purse.id();
    await world.purse.settle(unknown, 70);
    const known = await world.purse.open('alice', 10);
    await world.purse.settle(known, 10);
    await world.recover();
    expect(await world.booked('alice')).toBe(10);
    expect(world.setAside).toMatchObject([
      { reason: 'refused', message: expect.stringContaining('reservation_not_found') },
    ]);
    expect(world.setAside[0]?.event).toContain('"spent":70');
  });

  it('that the ledger cannot take are set aside too, whatever it says', async () => {
    world.goAway();
    const poison = await world.purse.open('alice', 10);
    const fine = await world.purse.open('alice', 10);
    await world.purse.settle(poison, 10);
    await world.purse.settle(fine, 10);
    const { store } = world;
    const execute = store.execute.bind(store);
    store.execute = async (command) => {
      if ('reservation' in command && command.reservation === poison) {
        throw new Error('value out of range');
      }
      return execute(command);
    };
    await world.recover();
    store.execute = execute;
    expect(await world.booked('alice')).toBe(10);
    expect(world.setAside).toMatchObject([{ reason: 'refused', message: 'value out of range' }]);
    expect(readStoredEvent(world.setAside[0]?.event ?? '')).toMatchObject({
      report: { reservation: poison, spent: 10 },
    });
  });

  it('that were settled otherwise elsewhere are set aside as contradictions', async () => {
    const id = await world.purse.open('alice', 100);
    world.goAway();
    await world.purse.settle(id, 80);
    // Another server reached the store before this one.
    await world.store.execute({
      kind: 'settle',
      reservation: id,
      cost: 81 as Amount,
      final: true,
      detail: null,
    });
    await world.recover();
    expect(world.setAside).toMatchObject([{ reason: 'conflict' }]);
    // As a report that can be replayed, or accepted.
    expect(readStoredEvent(world.setAside[0]?.event ?? '')).toMatchObject({
      report: { reservation: id, leg: world.purse.leg('alice'), state: 'settled', spent: 80 },
    });
    expect(await world.booked('alice')).toBe(81);
  });
});

describe('a store whose answers get lost', () => {
  it('may hold the call too: it is booked once', async () => {
    world.goAway('answers lost');
    const id = await world.purse.open('alice', 100, { ttlMs: 5_000 });
    expect(await world.store.reservation(id)).toMatchObject({ state: 'reserved' });
    await world.purse.extend(id, { dispatched: true, ttlMs: 60_000 });
    await world.purse.settle(id, 60);
    await world.recover();
    expect(await world.store.reservation(id)).toMatchObject({ state: 'settled', spent: 60 });
    expect(await world.purse.sums('alice')).toMatchObject({ settled: 60, reserved: 0 });
  });

  it('hears of the marks of a call that is still open', async () => {
    world.goAway('answers lost');
    const id = await world.purse.open('alice', 100, { ttlMs: 5_000 });
    await world.purse.extend(id, { dispatched: true, ttlMs: 60_000, amount: 200 });
    await world.purse.settle(id, 10, { final: false });
    await world.recover();
    expect(await world.store.reservation(id)).toMatchObject({
      state: 'reserved',
      amount: 200,
      spent: 10,
      dispatched: true,
    });
  });
});

describe('a store that is silent', () => {
  it('is waited for once; then everybody is answered at once until it is back', async () => {
    world.goAway('silent');
    const first = world.purse.open('alice', 100);
    await settled();
    await world.time.advance(LENIENT_TIMES.patienceMs - 1);
    expect(world.tier.outage).toBeUndefined();
    await world.time.advance(1 + LENIENT_TIMES.answerMs);
    const id = await first;
    const before = world.time.nowMs();
    await world.purse.settle(id, 50);
    await world.purse.open('bob', 100);
    expect(world.time.nowMs()).toBe(before);
    await world.recover();
    // The store then did what it had been asked first, and the call is still booked once.
    expect(await world.store.reservation(id)).toMatchObject({ state: 'settled', spent: 50 });
    expect(await world.booked('alice')).toBe(50);
  });

  it('is asked by one probe at a time', async () => {
    world.goAway();
    await world.purse.open('alice', 1);
    const before = world.reached;
    for (let call = 0; call < 50; call += 1) await world.purse.open('alice', 1);
    await world.time.advance(10 * LENIENT_TIMES.probeEveryMs);
    expect(world.reached).toBe(before);
  });
});

describe('a server that dies in an outage', () => {
  it('leaves what it acknowledged to the next one, which carries on while the store is away', async () => {
    world.goAway();
    const open = await world.purse.open('alice', 200);
    const done = await world.purse.open('bob', 100);
    await world.purse.settle(done, 90);
    const sinceMs = world.tier.outage?.sinceMs;
    await world.time.advance(5_000);
    await world.kill();
    await world.start();
    expect(world.tier.outage).toMatchObject({ used: 290, sinceMs });
    expect(await world.purse.reserve('alice', 200, { id: open })).toMatchObject({ replayed: true });
    expect(await world.purse.settle(done, 90)).toMatchObject({ replayed: true });
    await expect(world.purse.reserve('carol', 311)).rejects.toMatchObject(away);
    await world.purse.settle(open, 150);
    await world.recover();
    expect([await world.booked('alice'), await world.booked('bob')]).toEqual([150, 90]);
  });

  it('is booked first thing when the store is there again', async () => {
    world.goAway();
    await world.purse.settle(await world.purse.open('alice', 100), 100);
    await world.kill();
    world.comeBack();
    await world.start();
    expect(world.tier.outage).toBeUndefined();
    expect(await world.booked('alice')).toBe(100);
    await world.kill();
    await world.start();
    expect(world.tier.counts).toMatchObject({ awayBooked: 0 });
  });

  it('changes nothing by booking twice what it had booked when it died', async () => {
    world.goAway();
    const ids = [];
    for (let call = 0; call < 5; call += 1) {
      const id = await world.purse.open('alice', 50);
      if (call < 3) await world.purse.settle(id, 40);
      ids.push(id);
    }
    const before = world.directory;
    await world.recover();
    // Its journal is as it was before anything was booked.
    await world.kill();
    expect(world.directory).not.toBe(before);
    await world.start();
    expect(await world.purse.sums('alice')).toMatchObject({ settled: 120, reserved: 100 });
  });
});

describe('booking that is cut short', () => {
  it('goes on where it was, and nothing is decided by the store before everything is booked', async () => {
    world.goAway();
    for (let call = 0; call < 30; call += 1) {
      await world.purse.settle(await world.purse.open(`user-${call}`, 10), 10);
    }
    world.comeBack();
    world.commandsLeft = 12;
    await world.time.advance(LENIENT_TIMES.probeEveryMs);
    await expect.poll(() => world.storeIs).toBe('unavailable');
    await world.time.advance(10);
    expect(world.tier.outage).toMatchObject({ used: 300 });
    await world.purse.settle(await world.purse.open('late', 10), 10);
    await world.recover();
    for (let call = 0; call < 30; call += 1) expect(await world.booked(`user-${call}`)).toBe(10);
    expect(await world.booked('late')).toBe(10);
  });

  it('keeps callers waiting only for the last of it, and then the store decides', async () => {
    world = new LenientInMemory({ allowance: 10_000 as Amount });
    await world.start();
    await world.purse.open('alice', 1);
    world.goAway();
    await world.purse.settle(await world.purse.open('alice', 500), 500);
    world.comeBack();
    const recovered = world.recover();
    const answers = [];
    for (let call = 0; call < 60; call += 1) {
      answers.push(await world.purse.reserve('alice', 10));
      if (call === 20) await recovered;
    }
    expect(world.tier.outage).toBeUndefined();
    // 499 were left, whoever decided: 49 calls of 10.
    expect(answers.filter(({ outcome }) => outcome === 'applied')).toHaveLength(49);
  });
});

it('answers nothing any more once it is closed', async () => {
  world.goAway();
  await world.purse.open('alice', 1);
  await world.tier.close();
  await expect(world.purse.reserve('alice', 1)).rejects.toMatchObject({
    message: 'The store is closed.',
  });
});
