/** Calls that another server ended, as behind a load balancer: whoever reserved them must not speak of them for ever. */
import type { Fingerprint, LeaseId, ReservationId } from '@bursar/core';
import { expect, it } from 'vitest';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';

async function twoServers(): Promise<readonly [HybridInMemory, HybridInMemory]> {
  const one = new HybridInMemory();
  const two = new HybridInMemory({ shared: one });
  await one.sync.start();
  await two.sync.start();
  return [one, two];
}

/** Settles a call that `server` need not know, at 70, on Alice's budget. */
async function settleForAlice({ purse }: HybridInMemory, reservation: ReservationId) {
  return purse.execute({
    kind: 'settle',
    reservation,
    cost: 70 as never,
    final: true,
    adopt: { legs: [purse.leg('alice')], terms: null },
    detail: null,
  });
}

it('a call that another server settled is forgotten by the one that reserved it', async () => {
  const [one, two] = await twoServers();
  const id = await one.purse.open('alice', 100, { ttlMs: 600_000 });
  await two.purse.settle(id, 70);
  await one.time.advance(10_000);
  expect(one.tier.calls.size).toBe(0);
});

it('a call that still runs is not', async () => {
  const [one] = await twoServers();
  await one.purse.open('alice', 100, { ttlMs: 600_000 });
  await one.time.advance(590_000);
  expect(one.tier.calls.size).toBe(1);
});

it('what was leased to lost copies is given back within seconds, though another server settled the calls', async () => {
  const [one, two] = await twoServers();
  const { account } = one.purse.leg('alice');
  const id = await one.purse.open('alice', 100, { ttlMs: 600_000 });
  one.loseCopies();
  two.data = one.data;
  await settleForAlice(two, id);
  await one.time.advance(20_000);
  expect(await one.authority.account(account)).toMatchObject({ settled: 70, leased: 0 });
});

it('a call of which the ledger knows only the end on one of its budgets is not forgotten', async () => {
  const [one, two] = await twoServers();
  const id = await one.purse.open(['alice', 'team'], 100, { ttlMs: 600_000 });
  one.loseCopies();
  two.data = one.data;
  await settleForAlice(two, id);
  await one.time.advance(20_000);
  expect(one.tier.calls.size).toBe(1);
});

it('a call that another server settled past the copies is given up by them, without a deadline', async () => {
  const [one, two] = await twoServers();
  const id = await one.purse.open('alice', 100, { ttlMs: 600_000 });
  two.copiesAre = 'unavailable';
  expect(await settleForAlice(two, id)).toMatchObject({ outcome: 'applied', spent: 70 });
  await one.time.advance(10_000);
  expect(await one.purse.sums('alice')).toMatchObject({ settled: 70, reserved: 0 });
  expect(one.tier.calls.size).toBe(0);
});

it('copies that are away are told when they are back, and the call is spoken of until then', async () => {
  const [one, two] = await twoServers();
  const id = await one.purse.open('alice', 100, { ttlMs: 600_000 });
  one.copiesAre = two.copiesAre = 'unavailable';
  await settleForAlice(two, id);
  await one.time.advance(10_000);
  expect(one.tier.calls.size).toBe(1);
  one.copiesAre = 'no';
  await one.time.advance(120_000);
  expect(one.tier.calls.size).toBe(0);
  expect(await one.purse.sums('alice')).toMatchObject({ settled: 70, reserved: 0 });
});

it('a call that was given back under another lease is not forgotten: the hold here may be the one that is used', async () => {
  const [one] = await twoServers();
  const id = await one.purse.open('alice', 100, { ttlMs: 600_000 });
  await one.authority.execute({
    kind: 'ingest',
    reservation: id,
    fingerprint: 'alice:100' as Fingerprint,
    leg: one.purse.leg('alice'),
    lease: 'another' as LeaseId,
    state: 'released',
    spent: 0 as never,
    detail: null,
    terms: null,
  });
  await one.time.advance(10_000);
  expect(one.tier.calls.size).toBe(1);
  expect(await one.purse.sums('alice')).toMatchObject({ reserved: 100 });
});
