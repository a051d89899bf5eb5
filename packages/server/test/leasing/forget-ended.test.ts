/** Calls that another server ended, as behind a load balancer: whoever reserved them must not speak of them for ever. */
import { expect, it } from 'vitest';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';

async function twoServers(): Promise<readonly [HybridInMemory, HybridInMemory]> {
  const one = new HybridInMemory();
  const two = new HybridInMemory({ shared: one });
  await one.sync.start();
  await two.sync.start();
  return [one, two];
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
  await two.purse.execute({
    kind: 'settle',
    reservation: id,
    cost: 70 as never,
    final: true,
    adopt: { legs: [two.purse.leg('alice')], terms: null },
    detail: null,
  });
  await one.time.advance(20_000);
  expect(await one.authority.account(account)).toMatchObject({ settled: 70, leased: 0 });
});

it('a call of which the ledger knows only the end on one of its budgets is not forgotten', async () => {
  const [one, two] = await twoServers();
  const id = await one.purse.open(['alice', 'team'], 100, { ttlMs: 600_000 });
  one.loseCopies();
  two.data = one.data;
  await two.purse.execute({
    kind: 'settle',
    reservation: id,
    cost: 70 as never,
    final: true,
    adopt: { legs: [two.purse.leg('alice')], terms: null },
    detail: null,
  });
  await one.time.advance(20_000);
  expect(one.tier.calls.size).toBe(1);
});
