/** The real coordination code in simulated worlds: the promises hold in every history, on every path. */
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutations.ts';
import { World } from './sim-world.ts';

/** Histories of this run; `pnpm simulate --seeds N --from S` runs others. */
const HISTORIES = 1_000;
/** So many histories may pass before one notices a mutation; the rarest shows in about one of sixty. */
const MUTATED_HISTORIES_MAX = 400;
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

describe('the simulation notices what is broken on purpose:', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    '%s',
    async (_name, mutation) => {
      let killedBy: number | undefined;
      for (let seed = 1; seed <= MUTATED_HISTORIES_MAX && killedBy === undefined; seed += 1) {
        const { violations } = await new World({ seed, mutation }).run();
        if (violations.length > 0) killedBy = seed;
      }
      expect(killedBy).toBeDefined();
    },
    600_000,
  );
});
