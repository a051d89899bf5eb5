import { describe, expect, it } from 'vitest';
import type { AuthorityBench } from './authority-under-test.ts';

export function exerciseHolders(bench: AuthorityBench): void {
  describe('begin', () => {
    const begin = (lineage: string, incarnation: number) =>
      bench.authority.begin({ holder: bench.desk.holder, lineage, incarnation });

    it('starts at incarnation 1 and keeps it while lineage and data are the same', async () => {
      const { desk } = bench;
      expect(await begin('run-a', 0)).toBe(1);
      await desk.open('alice', 'l1', { need: 100 });
      expect(await begin('run-a', 1)).toBe(1);
      expect(await desk.lease('alice', 'l1')).toMatchObject({ state: 'live' });
    });

    it.each([
      ['another process has the data', 'run-b', 1, 2],
      ['the data were emptied', 'run-a', 0, 2],
      ['the data are older', 'run-b', 0, 2],
      ['the data are ahead of what is registered', 'run-a', 7, 8],
    ])('goes on to the next when %s, and every lease of the holder is suspect', async (...row) => {
      const [, lineage, incarnation, next] = row;
      const { desk, clock } = bench;
      await begin('run-a', 0);
      await desk.open('alice', 'l1', { need: 100 });
      await desk.open('team', 'l2', { need: 100 });
      await desk.open('alice', 'l3', { need: 100, holder: desk.holderNamed('other') });
      await desk.change('team', 'l2', 'closeLease');
      clock.advance(5);
      expect(await begin(lineage, incarnation)).toBe(next);
      expect(await desk.lease('alice', 'l1')).toMatchObject({
        state: 'suspect',
        suspectSinceMs: clock.nowMs(),
      });
      expect(await desk.lease('team', 'l2')).toMatchObject({ state: 'closed' });
      expect(await desk.lease('alice', 'l3')).toMatchObject({ state: 'live' });
      expect(await desk.sums('alice')).toMatchObject({ leased: 200 });
      expect(await begin(lineage, next)).toBe(next);
    });

    it('is counted when two come at once: neither works under the incarnation of the other', async () => {
      await begin('run-a', 0);
      const both = await Promise.all([begin('run-b', 1), begin('run-c', 1)]);
      expect(both.toSorted((a, b) => a - b)).toEqual([2, 3]);
    });

    it('cannot be undone by a draw at the same moment: the lease stays suspect', async () => {
      const { desk } = bench;
      let incarnation = await begin('run-0', 0);
      for (let round = 1; round <= 10; round += 1) {
        const name = `r${round}`;
        await desk.open('alice', name, { need: 1, ticket: round });
        const draws = [1, 2, 3].map((have) => desk.draw('alice', name, 1, have));
        [incarnation] = await Promise.all([begin(`run-${round}`, incarnation), ...draws]);
        expect(await desk.lease('alice', name)).toMatchObject({ state: 'suspect' });
      }
    });
  });
}
