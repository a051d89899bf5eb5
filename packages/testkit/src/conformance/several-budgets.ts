import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseSeveralBudgets(bench: Bench): void {
  describe('several budgets', () => {
    it('charges every budget of the call, each in full', async () => {
      const { purse } = bench;
      const id = await purse.open(['alice', 'team'], 300);
      expect(await purse.sums('alice')).toMatchObject({ reserved: 300 });
      expect(await purse.sums('team')).toMatchObject({ reserved: 300 });
      await purse.settle(id, 120);
      expect(await purse.sums('alice')).toMatchObject({ settled: 120, reserved: 0 });
      expect(await purse.sums('team')).toMatchObject({ settled: 120, reserved: 0 });
    });

    it('charges none of them when one lacks room, and names all that do', async () => {
      const { purse } = bench;
      await purse.open('team', 900);
      await purse.open('org', 950);
      const answer = await purse.reserve(['alice', 'team', 'org'], 200);
      expect(answer).toMatchObject({ outcome: 'denied' });
      expect(
        answer.outcome === 'denied' && answer.shortfalls.map(({ missing }) => missing),
      ).toEqual([100, 150]);
      expect(await purse.sums('alice')).toMatchObject({ reserved: 0 });
    });

    it('denies an extension on all when one lacks room', async () => {
      const { purse } = bench;
      const id = await purse.open(['alice', 'team'], 100);
      await purse.open('team', 850);
      expect(await purse.extend(id, { amount: 200 })).toMatchObject({ outcome: 'denied' });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 100 });
    });

    it('expires on all of them, lazily or swept', async () => {
      const { purse, clock } = bench;
      await purse.open(['alice', 'team'], 600, { ttlMs: 1_000 });
      clock.advance(1_000);
      expect(await purse.reserve(['team', 'alice'], 1_000)).toMatchObject({ outcome: 'applied' });
      expect(await purse.sums('alice')).toMatchObject({ reserved: 1_000 });
    });
  });
}
