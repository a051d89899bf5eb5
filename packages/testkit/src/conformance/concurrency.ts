import { describe, expect, it } from 'vitest';
import type { Bench } from './tier-under-test.ts';

export function exerciseConcurrency(bench: Bench): void {
  describe('concurrency', () => {
    it('admits exactly as many of a burst as fit', async () => {
      const { purse } = bench;
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => purse.reserve('alice', 20)),
      );
      expect(answers.filter((answer) => answer.outcome === 'applied').length).toBe(50);
      expect(answers.filter((answer) => answer.outcome === 'denied').length).toBe(50);
      expect(await purse.sums('alice')).toMatchObject({ reserved: 1_000 });
    });

    it('lets settle and release of one reservation race, and ends it once', async () => {
      const { purse } = bench;
      for (let round = 0; round < 20; round += 1) {
        const id = await purse.open('alice', 40);
        await Promise.all([purse.release(id), purse.settle(id, 40), purse.release(id)]);
        expect(await purse.tier.reservation(id)).toMatchObject({ state: 'settled', spent: 40 });
      }
      expect(await purse.sums('alice')).toMatchObject({ settled: 800, reserved: 0 });
    });

    it('serves many users and operations at once without mixing them up', async () => {
      const { purse } = bench;
      const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
      await Promise.all(
        users.flatMap((user, index) =>
          Array.from({ length: 5 }, async () => {
            const id = await purse.open(user, 100);
            await purse.extend(id, { amount: 150, dispatched: true });
            await purse.settle(id, 100 + index);
          }),
        ),
      );
      for (const [index, user] of users.entries()) {
        expect(await purse.sums(user)).toMatchObject({ settled: 5 * (100 + index), reserved: 0 });
      }
    });

    it('takes overlapping accounts in any order without a deadlock', async () => {
      const { purse } = bench;
      const pairs = [
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'a'],
        ['b', 'a'],
        ['c', 'b'],
        ['a', 'c'],
      ];
      const ids = await Promise.all(
        Array.from({ length: 60 }, (_, index) => purse.open(pairs[index % pairs.length] ?? [], 10)),
      );
      await Promise.all(
        ids.map((id, index) => (index % 2 === 0 ? purse.settle(id, 7) : purse.release(id))),
      );
      for (const user of ['a', 'b', 'c']) expect((await purse.sums(user)).reserved).toBe(0);
    });
  });
}
