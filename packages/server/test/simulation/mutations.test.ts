/** The simulation is not blind: what is broken on purpose breaks a promise that it checks. */
import { describe, expect, it } from 'vitest';
import { MUTATIONS } from './mutations.ts';
import { World } from './sim-world.ts';

/** So many histories may pass before one notices a mutation; the rarest shows in about one of 130. */
const MUTATED_HISTORIES_MAX = 800;

describe('the simulation notices what is broken on purpose:', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    '%s',
    async (_name, mutation) => {
      const seeds = [
        ...(mutation.seenAt ?? []),
        ...Array.from({ length: MUTATED_HISTORIES_MAX }, (_, index) => index + 1),
      ];
      let killedBy: number | undefined;
      for (const seed of seeds) {
        const { violations } = await new World({ seed, mutation }).run();
        if (violations.length === 0) continue;
        killedBy = seed;
        break;
      }
      expect(killedBy).toBeDefined();
    },
    600_000,
  );
});
