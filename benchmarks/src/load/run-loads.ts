/** Running scenarios one after the other, and saying what they came to. */
import { isBusy, thisMachine } from '../harness/machine.ts';
import type { LoadArguments } from './arguments.ts';
import { generatorWarnings, isRight, type Matchup, runMatchup } from './matchup.ts';
import { readTraceFile } from './read-trace.ts';
import { SCENARIOS } from './scenarios.ts';
import { levelTable, phaseTable, wholeTable } from './tables.ts';

/** Where it is said. */
export interface Voice {
  readonly print: (text: string) => void;
  /** How far it is, for people who wait. */
  readonly note: (text: string) => void;
}

/** Runs what `options` name. Resolves with whether our books were right in all of them. */
export async function runLoads(options: LoadArguments, { print, note }: Voice): Promise<boolean> {
  const machine = thisMachine();
  const trace = options.trace === undefined ? undefined : await readTraceFile(options.trace);
  const chosen = SCENARIOS.filter(({ name }) => options.scenarios.includes(name));
  const matchups: Matchup[] = [];
  for (const scenario of chosen) {
    const usual = options.docs ? scenario.seconds.kept : scenario.seconds.short;
    const plans = scenario.plans({ ...options, trace, seconds: options.seconds ?? usual });
    for (const plan of plans) {
      const matchup = await runMatchup(plan, note);
      matchups.push(matchup);
      print(`### ${plan.title}\n\n${phaseTable(matchup)}\n\n${wholeTable(matchup)}\n`);
      for (const w of generatorWarnings(matchup)) print(w);
      for (const f of matchup.of.ours.observed.money.findings) print(f);
    }
  }
  const levels = matchups.filter(({ plan }) => plan.isLevel);
  if (levels.length > 0) print(levelTable(levels));
  print(String(isBusy(machine)));
  return matchups.every(isRight);
}
