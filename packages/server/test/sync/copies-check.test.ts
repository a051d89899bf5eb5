/** A copy store that becomes unfit while servers run is left, and gone back to as if it had been lost. */
import { expect, it } from 'vitest';
import { FAILURES_TO_OPEN } from '../../src/breaker/breaker.ts';
import { HybridInMemory } from '../support/hybrid-in-memory.ts';

const EVERY_MS = 60_000;
const EVICTING = Object.assign(new Error('it evicts'), { mayHaveLost: true });
const CLOCK_OFF = Object.assign(new Error('its clock is off'), { mayHaveLost: false });

async function started(
  over?: ConstructorParameters<typeof HybridInMemory>[0],
): Promise<HybridInMemory> {
  const hybrid = new HybridInMemory(over);
  await hybrid.sync.start();
  // The first check, of the data that the handshake has found.
  await hybrid.time.advance(1_000);
  return hybrid;
}

it('is left within a minute: from then on nothing reaches it, and calls are decided and ended elsewhere', async () => {
  const hybrid = await started();
  const { purse, gate, time, authority } = hybrid;
  const running = await purse.open('alice', 100);
  hybrid.unfit = [EVICTING];
  await time.advance(EVERY_MS - 2_000);
  expect(gate.isOpen).toBe(true);
  await time.advance(3_000);
  expect(gate.isOpen).toBe(false);
  expect(gate.unfit).toBe('it evicts');
  const { account } = purse.leg('alice');
  await expect(gate.execute({ kind: 'read', account })).rejects.toThrow('barred');
  const { reached } = hybrid;
  expect(await purse.settle(running, 70)).toMatchObject({ outcome: 'applied', spent: 70 });
  const id = await purse.open('bob', 10);
  await purse.settle(id, 10);
  await time.advance(3 * EVERY_MS);
  expect(hybrid.reached).toBe(reached);
  expect(gate.counts.refused).toBe(1);
  expect(await authority.reservation(running)).toMatchObject({ state: 'settled', spent: 70 });
  expect(await authority.reservation(id)).toMatchObject({ state: 'settled', spent: 10 });
});

it('may have lost its journal: what was acknowledged is written to the ledger at once', async () => {
  const hybrid = await started();
  const { purse, authority, time } = hybrid;
  await time.advance(EVERY_MS - 1);
  const id = await purse.open('alice', 100);
  await purse.settle(id, 70);
  hybrid.unfit = [EVICTING];
  await hybrid.evictCopies();
  await time.advance(1);
  expect(await authority.reservation(id)).toMatchObject({ state: 'settled', spent: 70 });
});

it('is gone back to in stages when it is fit again, under a new incarnation, so that nothing is stuck in what it lost', async () => {
  const hybrid = await started();
  const { purse, gate, time } = hybrid;
  const { incarnation } = gate;
  await purse.open('alice', 400, { ttlMs: 10_000 });
  hybrid.unfit = [EVICTING];
  await hybrid.evictCopies();
  await time.advance(EVERY_MS);
  expect(gate.incarnation).toBe(0);
  hybrid.unfit = [];
  await time.advance(EVERY_MS);
  expect(gate.isOpen).toBe(true);
  expect(gate.incarnation).toBe(incarnation + 1);
  expect(gate.share).toBeLessThan(1);
  await time.advance(2 * EVERY_MS);
  expect(gate.share).toBe(1);
  expect(await purse.reserve('alice', 1_000)).toMatchObject({ outcome: 'applied' });
});

it('that hands were shaken with while it was unfit is left behind all the same', async () => {
  const hybrid = await started();
  const { gate, time } = hybrid;
  hybrid.unfit = [EVICTING];
  await time.advance(EVERY_MS);
  await gate.handshake();
  const { incarnation } = gate;
  expect(gate.isOpen).toBe(false);
  hybrid.unfit = [];
  await time.advance(EVERY_MS);
  expect(gate.incarnation).toBe(incarnation + 1);
});

it('that becomes unfit in the middle of a handshake is not adopted as what it was', async () => {
  const hybrid = await started();
  const { gate, authority } = hybrid;
  const { incarnation } = gate;
  const begin = authority.begin.bind(authority);
  authority.begin = async (dataset) => {
    authority.begin = begin;
    gate.refuse(EVICTING);
    return begin(dataset);
  };
  await gate.handshake(true);
  expect(gate.incarnation).toBe(incarnation + 1);
});

it('is gone back to by the other server as what the first one made of it, not as yet another one', async () => {
  const first = await started();
  const second = await started({ shared: first });
  const { incarnation } = first.gate;
  first.unfit = [EVICTING];
  second.unfit = [EVICTING];
  await first.time.advance(2 * EVERY_MS);
  expect([first.gate.isOpen, second.gate.isOpen]).toEqual([false, false]);
  first.unfit = [];
  await first.time.advance(EVERY_MS);
  expect([first.gate.isOpen, second.gate.isOpen]).toEqual([true, false]);
  second.unfit = [];
  await first.time.advance(EVERY_MS);
  expect(second.gate.isOpen).toBe(true);
  expect([first.gate.incarnation, second.gate.incarnation]).toEqual([
    incarnation + 1,
    incarnation + 1,
  ]);
});

it('whose clock alone was off has lost nothing, and goes on with the same data', async () => {
  const hybrid = await started();
  const { gate, time } = hybrid;
  const { incarnation } = gate;
  hybrid.unfit = [CLOCK_OFF];
  await time.advance(EVERY_MS);
  expect(gate.isOpen).toBe(false);
  hybrid.unfit = [];
  await time.advance(EVERY_MS);
  expect(gate.isOpen).toBe(true);
  expect(gate.incarnation).toBe(incarnation);
});

it('that evicts and has another fault besides is taken for one that evicts', async () => {
  const hybrid = await started();
  const { gate, time } = hybrid;
  hybrid.unfit = [CLOCK_OFF, EVICTING];
  await time.advance(EVERY_MS);
  expect(gate.incarnation).toBe(0);
});

it('is not gone back to before the authority has said which data these are', async () => {
  const hybrid = await started();
  const { gate, time } = hybrid;
  hybrid.unfit = [EVICTING];
  await time.advance(EVERY_MS);
  hybrid.unfit = [];
  hybrid.authorityIs = 'unavailable';
  await time.advance(2 * EVERY_MS);
  expect(gate.isOpen).toBe(false);
  hybrid.authorityIs = 'no';
  await time.advance(2_000);
  expect(gate.isOpen).toBe(true);
});

it('that was away when the server started is looked at before anything is decided on it', async () => {
  const hybrid = new HybridInMemory();
  hybrid.copiesAre = 'unavailable';
  hybrid.unfit = [EVICTING];
  await hybrid.sync.start();
  hybrid.copiesAre = 'no';
  await hybrid.purse.open('alice', 10);
  await hybrid.time.advance(2_000);
  expect(hybrid.gate.isOpen).toBe(false);
  expect(hybrid.tier.counts.onCopies).toBe(0);
});

it('of which nothing is known but that it evicts is not believed what it has from before', async () => {
  const first = await started();
  const second = new HybridInMemory({ shared: first });
  second.copiesAre = 'unavailable';
  second.unfit = [EVICTING];
  await second.sync.start();
  second.copiesAre = 'no';
  await second.time.advance(2_000);
  expect(second.gate.isOpen).toBe(false);
  second.unfit = [];
  await second.time.advance(EVERY_MS);
  expect(second.gate.incarnation).toBe(2);
});

it('that comes back as another one is looked at at once', async () => {
  const hybrid = await started();
  hybrid.loseCopies();
  hybrid.unfit = [EVICTING];
  await hybrid.time.advance(3_000);
  expect(hybrid.gate.isOpen).toBe(false);
});

it('that does not answer is neither fit nor unfit: the breaker sees to it, and meanwhile nobody asks', async () => {
  const hybrid = await started();
  const { purse, gate, time } = hybrid;
  hybrid.copiesAre = 'unavailable';
  for (let call = 0; call < FAILURES_TO_OPEN; call += 1) await purse.open('alice', 1);
  const { checks } = hybrid;
  await time.advance(2 * EVERY_MS);
  expect(hybrid.checks).toBe(checks);
  expect(gate.unfit).toBeNull();
  hybrid.copiesAre = 'no';
  await time.advance(2 * EVERY_MS);
  expect(gate.isOpen).toBe(true);
});
