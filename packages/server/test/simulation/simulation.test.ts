/** The real coordination code in simulated worlds: the promises hold in every history, on every path. */
import { expect, it } from 'vitest';
import { World } from './sim-world.ts';

/** Histories of this run; `pnpm simulate --seeds N --from S` runs others. */
const HISTORIES = 1_000;
/** Paths that must have been taken: a green run that never needed them proves nothing about them. */
const MUST_REACH = [
  'handshakes',
  'bumps',
  'fenced',
  'opened',
  'returned',
  'onCopies',
  'direct',
  'past',
  'lookedAgain',
  'cancelled',
  'draws',
  'prefetches',
  'recalls',
  'replays',
  'corrections',
  'closed',
  'silenced',
  'processCalls',
  'processReclaimed',
  'processGivenBack',
];

it(`nothing is overspent, lost, stuck or drifting in ${HISTORIES} histories full of accidents`, async () => {
  const reached: Record<string, number> = {};
  for (let seed = 1; seed <= HISTORIES; seed += 1) {
    const report = await new World({ seed }).run();
    expect({ seed, violations: report.violations }).toEqual({ seed, violations: [] });
    for (const [name, count] of Object.entries(report.reached)) {
      reached[name] = (reached[name] ?? 0) + count;
    }
  }
  for (const name of MUST_REACH)
    expect({ name, count: reached[name] ?? 0 }).not.toMatchObject({ count: 0 });
}, 1_200_000);

it('the same seed is the same history', async () => {
  const [first, second] = [await new World({ seed: 7 }).run(), await new World({ seed: 7 }).run()];
  expect(second).toEqual(first);
});
