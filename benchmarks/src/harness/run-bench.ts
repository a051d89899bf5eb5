/** One benchmark, from its start to its verdict. */
import type { Bench } from './bench.ts';
import { compare, type Effort } from './compare.ts';
import { thisMachine } from './machine.ts';
import type { Result } from './report.ts';

/** Runs `bench` and closes what it opened. `note` is told how far it is. */
export async function runBench(
  bench: Bench,
  effort: Effort,
  note: (text: string) => void = () => {},
): Promise<Result> {
  const machine = thisMachine();
  note(`${bench.name}: starting what it needs …`);
  const { candidates, judge, close } = await bench.open(effort);
  try {
    const figures = await compare(candidates, effort, (done, ofAll, name) =>
      note(`${bench.name}: ${done} of ${ofAll} rounds, now ${name}`),
    );
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
