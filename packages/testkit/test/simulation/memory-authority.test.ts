import { amount, type HolderId } from '@bursar/core';
import { expect, it } from 'vitest';
import { exerciseTier } from '../../src/conformance/exercise-tier.ts';
import { ManualClock } from '../../src/manual-clock.ts';
import { MemoryAuthority } from '../../src/simulation/memory-authority.ts';
import { TestPurse } from '../../src/test-purse.ts';

exerciseTier({
  name: 'authority in memory',
  open: async (options) => new MemoryAuthority(options),
});

it('goes back to what it knew at a snapshot, as often as wanted', async () => {
  const clock = new ManualClock();
  const authority = new MemoryAuthority({ clock, defaultLimit: amount(1_000) });
  const purse = new TestPurse(authority, clock);
  const holder = 'redis' as HolderId;
  const kept = await purse.open('alice', 100);
  await authority.begin({ holder, lineage: 'run-a', incarnation: 0 });
  const snapshot = authority.snapshot();
  for (let time = 0; time < 2; time += 1) {
    await purse.settle(kept, 40);
    const lost = await purse.open('alice', 200);
    expect(await authority.begin({ holder, lineage: 'run-b', incarnation: 1 })).toBe(2);
    authority.restore(snapshot);
    expect(await authority.reservation(kept)).toMatchObject({ state: 'reserved', spent: 0 });
    expect(await authority.reservation(lost)).toBeUndefined();
    expect(await purse.sums('alice')).toMatchObject({ reserved: 100, settled: 0 });
    expect(await purse.ledger('alice')).toEqual([]);
  }
});

it('keeps an event once however often it is set aside', async () => {
  const clock = new ManualClock();
  const authority = new MemoryAuthority({ clock, defaultLimit: null });
  const event = {
    id: 'e1',
    holder: 'redis' as HolderId,
    reason: 'refused' as const,
    message: 'no',
    event: '{}',
    atMs: clock.nowMs(),
  };
  await authority.setAside([event]);
  await authority.setAside([{ ...event, message: 'again' }]);
  expect(authority.setAsideEvents()).toEqual([event]);
});
