/** What matchups come to, as Markdown tables that also read well in a terminal. */
import { markdownTable } from '../harness/markdown.ts';
import type { Figures } from './analyse.ts';
import type { Contender, Matchup } from './matchup.ts';
import { SYSTEMS, type System } from './metering-services.ts';
import type { Sample } from './sampler.ts';

/** What the systems are called. */
export const SYSTEM_NAMES: Readonly<Record<System, string>> = {
  ours: 'Bursar',
  direct: 'direct DB',
};
const BYTES_PER_MIB = 2 ** 20;
const NANO_USD_PER_CENT = 10_000_000n;

/** Waits, refusals and failures, a row for each phase and system. */
export function phaseTable({ plan, of }: Matchup): string {
  const rows = plan.phases.flatMap((phase, index) =>
    SYSTEMS.map((system) => {
      const figures = of[system].analysis.phases[index] as Figures;
      return [phase.name, SYSTEM_NAMES[system], ...figureCells(figures)];
    }),
  );
  return markdownTable(
    [
      'Phase',
      'System',
      'offered/s',
      'answered/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'max ms',
      'denied',
      'failed',
      'decided by',
    ],
    rows,
    2,
  );
}

/** What a whole run took: connections, memory, time to recover, money. */
export function wholeTable(matchup: Matchup): string {
  const rows = wholeRows(matchup.of.ours).map(([name, ours], index) => [
    name ?? '',
    ours ?? '',
    wholeRows(matchup.of.direct)[index]?.[1] ?? '',
  ]);
  return markdownTable(
    ['The whole run', SYSTEM_NAMES.ours, SYSTEM_NAMES.direct],
    rows.filter(([, ours, direct]) => ours !== '' || direct !== ''),
    1,
  );
}

/** The levels of traffic, a row each. */
export function levelTable(matchups: readonly Matchup[]): string {
  const rows = matchups.flatMap(({ plan, of }) =>
    SYSTEMS.map((system) => {
      const { all } = of[system].analysis;
      const { p50, p95, p99 } = all.waits;
      return [
        count(plan.phases[0]?.perSecond ?? 0),
        SYSTEM_NAMES[system],
        count(all.answeredPerSecond),
        ms(p50),
        ms(p95),
        ms(p99),
        percent(share(all.failed, all.calls)),
      ];
    }),
  );
  return markdownTable(
    ['Calls a second', 'System', 'answered/s', 'p50 ms', 'p95 ms', 'p99 ms', 'failed'],
    rows,
    2,
  );
}

/** Money in cents, always with the sign of certainty that four decimals give. */
export function cents(nanoUsd: bigint): string {
  if (nanoUsd === 0n) return '0';
  return (Number(nanoUsd) / Number(NANO_USD_PER_CENT)).toFixed(4);
}

/** Milliseconds for people. */
export function ms(value: number | undefined): string {
  if (value === undefined) return '–';
  if (value >= 100) return count(value);
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

/** MiB for people. */
export function mebibytes(bytes: number | undefined): string {
  return bytes === undefined ? '–' : (bytes / BYTES_PER_MIB).toFixed(0);
}

/** The largest of what samples say, if any says it. */
export function most(samples: readonly Sample[], of: (sample: Sample) => number | undefined) {
  const known = samples.map(of).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

export function count(value: number): string {
  return value < 100 && !Number.isInteger(value)
    ? value.toFixed(1)
    : Math.round(value).toLocaleString('en-US');
}

function figureCells(figures: Figures): readonly string[] {
  const { waits, denied, failed, calls } = figures;
  return [
    count(figures.offeredPerSecond),
    count(figures.answeredPerSecond),
    ms(waits.p50),
    ms(waits.p95),
    ms(waits.p99),
    ms(waits.max),
    reasons(denied, calls),
    reasons(failed, calls),
    Object.entries(figures.decidedBy)
      .map(([mode, times]) => `${mode} ${percent(times / calls)}`)
      .join(', '),
  ];
}

function wholeRows({ observed, analysis }: Contender): readonly (readonly string[])[] {
  const { samples, money, transactions, cpuUs, health } = observed;
  const { calls, lateP99Ms } = analysis.all;
  const { recoverySeconds } = analysis;
  const per1000 = transactions === undefined ? '' : count((transactions / calls) * 1_000);
  const cpu = Object.values(cpuUs).reduce((sum, us) => sum + us, 0) / calls;
  const held = most(samples, ({ connections }) => connections);
  const active = most(samples, ({ activeConnections }) => activeConnections);
  const locked = most(samples, ({ lockedConnections }) => lockedConnections);
  const [first] = samples;
  return [
    ['calls', count(calls)],
    ['PostgreSQL connections held, at most', held === undefined ? '–' : String(held)],
    ['… with a statement under way, at most', active === undefined ? '–' : String(active)],
    ['… waiting for a lock, at most', locked === undefined ? '–' : String(locked)],
    ['PostgreSQL transactions for 1,000 calls', per1000],
    ['CPU of a call, server and stores, us', cpu > 0 ? count(cpu) : ''],
    [
      "the server's memory, MiB: first, most, last",
      [
        first?.serverBytes,
        most(samples, ({ serverBytes }) => serverBytes),
        samples.at(-1)?.serverBytes,
      ]
        .map(mebibytes)
        .join(', '),
    ],
    [
      'Redis, MiB, at most',
      mebibytes(most(samples, ({ redisBytes }) => redisBytes)).replace('–', ''),
    ],
    ['p99 back within twice of before after', recovery(recoverySeconds)],
    ['calls made, cents', cents(money.made)],
    ['**overspent, cents**', cents(money.overspent)],
    ['**lost, cents**', cents(money.lost)],
    ['**booked twice or for nothing, cents**', cents(money.duplicated)],
    ['left set aside, cents', cents(money.leftHeld)],
    ['lateness of the generator, p99 ms', ms(lateP99Ms)],
    ['time that the generator was at work', percent(health.utilization)],
  ];
}

function recovery(seconds: number | null | undefined): string {
  if (seconds === undefined) return '';
  return seconds === null ? 'not in this run' : `${seconds.toFixed(1)} s`;
}

function reasons(tally: Readonly<Record<string, number>>, calls: number): string {
  const named = Object.entries(tally).map(
    ([reason, times]) => `${reason} ${percent(times / calls)}`,
  );
  return named.length === 0 ? '0 %' : named.join(', ');
}

function share(tally: Readonly<Record<string, number>>, calls: number): number {
  return Object.values(tally).reduce((sum, times) => sum + times, 0) / Math.max(1, calls);
}

function percent(value: number): string {
  if (value === 0) return '0 %';
  return `${(value * 100).toPrecision(2).replace(/^1\.0e\+2$/, '100')} %`;
}
