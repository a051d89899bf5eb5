/** One benchmark, from its start to its verdict. */
import type { Bench } from './bench.ts';
import { compare, type Effort } from './compare.ts';
import { type Machine, thisMachine } from './machine.ts';
import type { Result } from './report.ts';

/** What else can be said about a run. */
export interface RunOptions {
  /** Told how far it is. */
  readonly note?: (text: string) => void;
  /** Only candidates with this in their name; then nothing is judged. */
  readonly only?: string | undefined;
  /** The machine before anything was measured; default: as it is now. */
  readonly machine?: Machine;
}

/** Runs `bench` and closes what it opened. */
export async function runBench(
  bench: Bench,
  effort: Effort,
  { note = () => {}, only, machine = thisMachine() }: RunOptions = {},
): Promise<Result> {
  note(`${bench.name}: starting what it needs …`);
  const { candidates, judge, close } = await bench.open(effort);
  const chosen = candidates.filter(({ name }) => only === undefined || name.includes(only));
  try {
    const figures = await compare(chosen, effort, (done, ofAll, name) =>
      note(`${bench.name}: ${done} of ${ofAll} rounds, now ${name}`),
    );
    if (only !== undefined) return { bench, machine, figures, verdict: { findings: [] } };
    note(`${bench.name}: auditing …`);
    const verdict = await judge((name) => {
      const found = figures.get(name);
      if (found === undefined) throw new Error(`${bench.name} has no candidate ${name}`);
      return found;
    });
    return { bench, machine, figures, verdict };
  } finally {
    await close();
    note('');
  }
}
