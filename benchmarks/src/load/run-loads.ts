/** Running scenarios one after the other, and saying what they came to, in text, as JSON and as plots. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
const DOCS = 'docs';
const OUT_DOCS = join(DOCS, 'plots');
const PAGE = join(DOCS, 'under-load.md');

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
  await report.end();
  return report.isRight;
}

class LoadReport {
  isRight = true;
  readonly #options: LoadArguments;
  readonly #machine: Machine;
  readonly #out: string;
  readonly #print: Voice['print'];
  readonly #page: string[] = [];

  constructor(options: LoadArguments, machine: Machine, { print }: Voice) {
    this.#options = options;
    this.#machine = machine;
    this.#out = options.out ?? (options.docs ? OUT_DOCS : OUT_USUAL);
    this.#print = print;
  }

  begin(): void {
    const { cores, cpu, memoryGib, node, load } = this.#machine;
    const busy = isBusy(this.#machine)
      ? '**Others were at work on it, so what is about the clock says little.**'
      : 'Nobody else was at work on it.';
    this.#say(
      `${cores} cores of ${cpu}, ${memoryGib} GiB, Node ${node}, load ${load} at the start. ${busy}`,
    );
  }

  /** Says what one matchup came to, and draws it. */
  async add(matchup: Matchup): Promise<void> {
    this.isRight &&= isRight(matchup);
    if (this.#options.json) this.#print(JSON.stringify(matchupAsJson(matchup, this.#machine)));
    const { plan } = matchup;
    if (!plan.isLevel) {
      this.#say(`## ${plan.title}`);
      await this.#draw(plan.name, plan.title, drawCourse(matchup));
      this.#say(phaseTable(matchup), wholeTable(matchup), this.#goals(matchup));
    }
    this.#say(...troubles(matchup));
  }

  /** Says what the matchups of a scenario come to together. */
  async sumUp(scenario: string, matchups: readonly Matchup[]): Promise<void> {
    if (scenario === 'burst') {
      this.#say('## What was expected, and what was measured', claimTable(matchups));
    }
    if (scenario === 'levels') {
      const title = 'By level of traffic';
      this.#say(`## ${title}`);
      await this.#draw('levels', title, drawLevels(matchups));
      this.#say(levelTable(matchups));
    }
  }

  /** Writes the page of the documentation, if it is about everything. */
  async end(): Promise<void> {
    const { docs, scenarios } = this.#options;
    if (!docs || scenarios.length < SCENARIOS.length) return;
    await writeFile(PAGE, `${[PAGE_INTRODUCTION, ...this.#page].join('\n\n')}\n`);
  }

  #goals(matchup: Matchup): string {
    const rows = goalRows(goalsOf(matchup), this.#machine).map((cells) =>
      cells.map((cell) => cell.replace(/^goal: /, '')),
    );
    return markdownTable(['What is held to', 'measured', 'goal', 'reached'], rows, 1);
  }

  async #draw(name: string, title: string, svg: string): Promise<void> {
    await mkdir(this.#out, { recursive: true });
    const file = join(this.#out, `${name}.svg`);
    await writeFile(file, svg);
    this.#say(`![${title}](${this.#out === OUT_DOCS ? relative(DOCS, file) : file})`);
  }

  #say(...blocks: readonly string[]): void {
    this.#page.push(...blocks);
    if (!this.#options.json) for (const block of blocks) this.#print(`${block}\n`);
  }
}

const PAGE_INTRODUCTION = `# Under load

Written by \`npx -y pnpm@12 load --docs\`, and not by hand. What is run, and how to read it: [performance.md](performance.md#under-load).`;

/** What is wrong, and what makes figures doubtful. */
function troubles(matchup: Matchup): readonly string[] {
  const { findings } = matchup.of.ours.observed.money;
  return [
    ...generatorWarnings(matchup),
    ...findings,
    ...(isRight(matchup) ? [] : [`**${matchup.plan.name}: the money is not right.**`]),
  ];
}
