/** Comparing candidates: warmed up, then in turns, so that what disturbs the machine disturbs all of them. */
import type { BenchOptions, Candidate, Runner, Sample } from './bench.ts';
import { type Figures, figuresOf } from './figures.ts';

/** How long and how often. */
export interface Effort extends BenchOptions {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** Five rounds of two seconds: about a minute for five candidates. Shorter ones measure servers that are not warm yet. */
export const USUAL_EFFORT: Effort = { isQuick: false, rounds: 5, roundMs: 2_000, warmUpMs: 1_000 };

/** As little as shows that a benchmark runs. */
export const QUICK_EFFORT: Effort = { isQuick: true, rounds: 1, roundMs: 50, warmUpMs: 20 };

/** The figures of each candidate, by name. `onRound` is told how far it is, for people who wait. */
export async function compare(
  candidates: readonly Candidate[],
  { rounds, roundMs, warmUpMs }: Effort,
  onRound: (done: number, ofAll: number, name: string) => void = () => {},
): Promise<ReadonlyMap<string, Figures>> {
  const samples = new Map<string, Sample[]>(candidates.map(({ name }) => [name, []]));
  const runners = new Map<string, Runner>();
  try {
    for (const { name, open } of candidates) {
      const runner = await open();
      runners.set(name, runner);
      await runner.run(warmUpMs);
    }
    let done = 0;
    for (let round = 0; round < rounds; round += 1) {
      // Every other round backwards, so that nobody always comes after the same.
      const order = Array.from(runners);
      for (const [name, runner] of round % 2 === 0 ? order : order.toReversed()) {
        onRound(done, rounds * runners.size, name);
        samples.get(name)?.push(await runner.run(roundMs));
        done += 1;
      }
    }
  } finally {
    for (const runner of runners.values()) await runner.close();
  }
  return new Map(Array.from(samples, ([name, all]) => [name, figuresOf(all)]));
}
