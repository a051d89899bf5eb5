/** What a run says: a table for people, one object for programs. */
import type { Bench, Finding, Verdict } from './bench.ts';
import { allCpuUs, type Figures, SPENDERS } from './figures.ts';
import { isBusy, type Machine } from './machine.ts';
import { markdownTable } from './markdown.ts';

/** All that a run found out. */
export interface Result {
  readonly bench: Pick<Bench, 'name' | 'question' | 'operation'>;
  /** As it was when the run began. */
  readonly machine: Machine;
  readonly figures: ReadonlyMap<string, Figures>;
  readonly verdict: Verdict;
}

/** Whether a finding is as good as its goal; `undefined` without one, or where nobody can say. */
export function isReached(finding: Finding, machine: Machine): boolean | undefined {
  const { value, goal, better, isByClock = false } = finding;
  if (goal === undefined || (isByClock && isBusy(machine))) return undefined;
  return better === 'more' ? value >= goal : value <= goal;
}

/** The run as one object. */
export function resultAsJson({ bench, machine, figures, verdict }: Result): object {
  return {
    bench: bench.name,
    machine,
    figures: Object.fromEntries(
      Array.from(figures, ([name, each]) => [name, { ...each, allCpuUs: allCpuUs(each) }]),
    ),
    ratios: findingsAsJson(verdict.findings, machine),
    ...(verdict.moneyOffNanoUsd === undefined ? {} : { moneyOffNanoUsd: verdict.moneyOffNanoUsd }),
  };
}

/** Findings by name, each with its goal and whether that was reached. */
export function findingsAsJson(findings: readonly Finding[], machine: Machine): object {
  return Object.fromEntries(
    findings.map((finding) => [
      finding.name,
      {
        value: Number(finding.value.toPrecision(4)),
        unit: finding.unit ?? 'x',
        ...(finding.goal === undefined
          ? {}
          : {
              goal: finding.goal,
              better: finding.better,
              reached: isReached(finding, machine) ?? null,
            }),
      },
    ]),
  );
}

/** Findings as rows of cells: what, how much, the goal, whether that was reached. */
export function goalRows(
  findings: readonly Finding[],
  machine: Machine,
): readonly (readonly string[])[] {
  return findings.map((finding) => cellsOf(finding, machine));
}

/** The run as a section of a page, in Markdown. */
export function resultAsSection({ bench, machine, figures, verdict }: Result): string {
  const [head = [], ...rows] = figures.size === 0 ? [] : rowsOf(figures);
  const goals = goalRows(verdict.findings, machine).map(([name, value, goal, reached]) => [
    name ?? '',
    value ?? '',
    goal?.replace('goal: ', '') ?? '',
    reached ?? '',
  ]);
  const { moneyOffNanoUsd } = verdict;
  return [
    `## ${bench.name}: ${bench.question}`,
    `One operation is one ${bench.operation}. Load ${machine.load} at the start.`,
    ...(rows.length === 0 ? [] : [markdownTable(['Who', ...head.slice(1)], rows, 1)]),
    ...(goals.length === 0
      ? []
      : [markdownTable(['What is held to', 'measured', 'goal', ''], goals, 1)]),
    ...(verdict.table === undefined ? [] : [verdict.table]),
    ...(moneyOffNanoUsd === undefined
      ? []
      : [`Money lost, invented or overspent: **${moneyOffNanoUsd} nano-USD**.`]),
  ].join('\n\n');
}

/** The run as lines of text. */
export function resultAsText({ bench, machine, figures, verdict }: Result): string {
  const { cores, cpu, node, load } = machine;
  return [
    `${bench.name}: ${bench.question}`,
    `One operation is one ${bench.operation}. ${cores} cores of ${cpu}, load ${load} at the start, Node ${node}.`,
    ...(figures.size === 0 ? [] : ['', ...table(rowsOf(figures))]),
    '',
    ...table(goalRows(verdict.findings, machine)),
    ...(verdict.table === undefined ? [] : ['', verdict.table]),
    ...(verdict.moneyOffNanoUsd === undefined
      ? []
      : ['', `Money lost, invented or overspent: ${verdict.moneyOffNanoUsd} nano-USD.`]),
  ].join('\n');
}

function rowsOf(figures: ReadonlyMap<string, Figures>): readonly (readonly string[])[] {
  const head = [
    '',
    'op/s',
    'best',
    'done/s',
    'p50 ms',
    'p99 ms',
    ...SPENDERS.map((of) => `${of} us`),
  ];
  const rows = Array.from(figures, ([name, each]) => [
    name,
    count(each.perSecond),
    count(each.perSecondBest),
    each.donePerSecond === undefined ? '' : count(each.donePerSecond),
    short(each.p50Ms),
    short(each.p99Ms),
    ...SPENDERS.map((of) => short(each.cpuUs[of])),
  ]);
  // Columns that nobody has anything to say in are left out.
  const shown = [...head.keys()].filter(
    (column) => column === 0 || rows.some((row) => row[column] !== ''),
  );
  return [head, ...rows].map((row) => shown.map((column) => row[column] ?? ''));
}

function cellsOf(finding: Finding, machine: Machine): readonly string[] {
  const { name, value, goal, better, unit = 'x' } = finding;
  const reached = isReached(finding, machine);
  return [
    name,
    `${short(value)} ${unit}`,
    goal === undefined ? '' : `goal: ${better === 'more' ? 'at least' : 'at most'} ${goal} ${unit}`,
    goal === undefined ? '' : said(reached),
  ];
}

function said(isReached: boolean | undefined): string {
  if (isReached === undefined) return 'the machine is too busy to say';
  return isReached ? 'reached' : 'NOT REACHED';
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function short(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) >= 1_000 ? count(value) : value.toPrecision(3);
}
