/** The simulation is not blind: what is broken on purpose breaks a promise that it checks. */
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutations.ts';
import { World } from './sim-world.ts';

/** So many histories may pass before one notices a mutation; the rarest shows in about one of sixty. */
const MUTATED_HISTORIES_MAX = 400;

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
