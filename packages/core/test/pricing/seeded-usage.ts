/** Reproducible random usages, made fast enough for a million of them. */
import type { UsageClass } from '../../src/pricing/usage-class.ts';
import type { Usage } from '../../src/pricing/usage.ts';

/** A generator of numbers from 0 to 1 that repeats itself for the same seed: xorshift with 32 bits. */
export function seeded(seed: number): () => number {
  let state = seed === 0 ? 1 : seed >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** Usages of some of `classes`: few units, many, and around `thresholds` of input tokens. */
export function randomUsages(
  classes: readonly UsageClass[],
  thresholds: readonly number[],
  random: () => number,
): () => Usage {
  const below = (bound: number): number => Math.floor(random() * bound);
  const units = (): number => {
    const threshold = thresholds[below(thresholds.length * 4)];
    if (threshold !== undefined) return Math.max(threshold - 2 + below(5), 0);
    return below([4, 500, 20_000, 1_000_000][below(4)] ?? 4);
  };
  return () => {
    const usage: { [K in UsageClass]?: number } = {};
    // Nine of ten usages are of a few classes only, as real ones are.
    const share = random() < 0.1 ? 1 : 3 / Math.max(classes.length, 3);
    for (const name of classes) if (random() < share) usage[name] = units();
    return usage;
  };
}
