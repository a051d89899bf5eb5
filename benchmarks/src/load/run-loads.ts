/** Running scenarios one after the other, and saying what they came to, in text, as JSON and as plots. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isBusy, type Machine, thisMachine } from '../harness/machine.ts';
import { markdownTable } from '../harness/markdown.ts';
import { goalRows } from '../harness/report.ts';
import type { LoadArguments } from './arguments.ts';
import { claimTable } from './claim-table.ts';
import { goalsOf } from './goals.ts';
import { generatorWarnings, isRight, type Matchup, runMatchup } from './matchup.ts';
import { matchupAsJson } from './matchup-json.ts';
import { drawCourse, drawLevels } from './plots/load-plots.ts';
import { readTraceFile } from './read-trace.ts';
import { SCENARIOS } from './scenarios.ts';
import { levelTable, phaseTable, wholeTable } from './tables.ts';

/** Where it is said. */
export interface Voice {
  readonly print: (text: string) => void;
  /** How far it is, for people who wait. */
  readonly note: (text: string) => void;
}

const OUT_USUAL = join('.bursar', 'load');
const OUT_DOCS = join('docs', 'plots');

/** Runs what `options` name. Resolves with whether our books were right in all of them. */
export async function runLoads(options: LoadArguments, voice: Voice): Promise<boolean> {
  const machine = thisMachine();
  const report = new LoadReport(options, machine, voice);
  const trace = options.trace === undefined ? undefined : await readTraceFile(options.trace);
  report.begin();
  for (const scenario of SCENARIOS) {
    if (!options.scenarios.includes(scenario.name)) continue;
    const usual = options.docs ? scenario.seconds.kept : scenario.seconds.short;
    const plans = scenario.plans({ ...options, trace, seconds: options.seconds ?? usual });
    const matchups: Matchup[] = [];
    for (const plan of plans) {
      const matchup = await runMatchup(plan, voice.note);
      voice.note('');
      matchups.push(matchup);
      await report.add(matchup);
    }
    await report.sumUp(scenario.name, matchups);
  }
  return report.isRight;
}

class LoadReport {
  isRight = true;
  readonly #options: LoadArguments;
  readonly #machine: Machine;
  readonly #out: string;
  readonly #print: Voice['print'];

  constructor(options: LoadArguments, machine: Machine, { print }: Voice) {
    this.#options = options;
    this.#machine = machine;
    this.#out = options.out ?? (options.docs ? OUT_DOCS : OUT_USUAL);
    this.#print = print;
  }

  begin(): void {
    if (this.#options.json) return;
    const { cores, cpu, memoryGib, node, load } = this.#machine;
    const busy = isBusy(this.#machine)
      ? ' **Others were at work on it, so what is about the clock says little.**'
      : '';
    this.#print(
      `${cores} cores of ${cpu}, ${memoryGib} GiB, Node ${node}, load ${load} at the start.${busy}\n`,
    );
  }

  /** Says what one matchup came to, and draws it. */
  async add(matchup: Matchup): Promise<void> {
    this.isRight &&= isRight(matchup);
    if (this.#options.json) {
      this.#print(JSON.stringify(matchupAsJson(matchup, this.#machine)));
    } else if (!matchup.plan.isLevel) {
      this.#print(`### ${matchup.plan.title}\n`);
      this.#print(`${phaseTable(matchup)}\n\n${wholeTable(matchup)}\n\n${this.#goals(matchup)}\n`);
    }
    if (!this.#options.json) for (const text of troubles(matchup)) this.#print(`${text}\n`);
    if (!matchup.plan.isLevel) await this.#draw(matchup.plan.name, drawCourse(matchup));
  }

  /** Says what the matchups of a scenario come to together. */
  async sumUp(scenario: string, matchups: readonly Matchup[]): Promise<void> {
    if (scenario === 'burst' && !this.#options.json) {
      this.#print(`### What was expected, and what was measured\n\n${claimTable(matchups)}\n`);
    }
    if (scenario !== 'levels') return;
    if (!this.#options.json) {
      this.#print(`### By level of traffic\n\n${levelTable(matchups)}\n`);
    }
    await this.#draw('levels', drawLevels(matchups));
  }

  #goals(matchup: Matchup): string {
    return markdownTable(
      ['', 'Measured', 'Goal', ''],
      goalRows(goalsOf(matchup), this.#machine),
      1,
    );
  }

  async #draw(name: string, svg: string): Promise<void> {
    await mkdir(this.#out, { recursive: true });
    const file = join(this.#out, `${name}.svg`);
    await writeFile(file, svg);
    if (!this.#options.json) this.#print(`![${name}](${file})\n`);
  }
}

/** What is wrong, and what makes figures doubtful. */
function troubles(matchup: Matchup): readonly string[] {
  const { findings } = matchup.of.ours.observed.money;
  return [
    ...generatorWarnings(matchup),
    ...findings,
    ...(isRight(matchup) ? [] : [`**${matchup.plan.name}: the money is not right.**`]),
  ];
}
