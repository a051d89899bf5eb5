/** What the design without Bursar was expected to improve, beside what both systems were measured at. */
import { markdownTable } from '../harness/markdown.ts';
import { burstOf } from './goals.ts';
import type { Contender, Matchup } from './matchup.ts';
import { SYSTEMS, type System } from './metering-services.ts';
import { count, mebibytes, most, ms, SYSTEM_NAMES } from './tables.ts';

interface Row {
  readonly name: string;
  /** What was expected of each system. */
  readonly expected: Readonly<Record<System, string>>;
  /** The worst that our figure may be. */
  readonly target: number | ((contender: Contender) => number);
  readonly better: 'more' | 'less';
  readonly value: (contender: Contender) => number | undefined;
  readonly show: (value: number | undefined) => string;
}

const BYTES_PER_MIB = 2 ** 20;
/** What part of the calls of the burst has to be answered within it. */
const ANSWERED_MIN = 0.95;

const ROWS: readonly Row[] = [
  {
    name: 'mean wait, ms',
    expected: { direct: '250', ours: '45' },
    target: 45,
    better: 'less',
    value: (contender) => burstOf(contender).waits.mean,
    show: ms,
  },
  {
    name: 'p95 wait, ms',
    expected: { direct: '800', ours: '120' },
    target: 120,
    better: 'less',
    value: (contender) => burstOf(contender).waits.p95,
    show: ms,
  },
  {
    name: 'answered a second',
    expected: { direct: '200', ours: '2,000' },
    // Arrivals are random, so as much as is expected may not be offered.
    target: (contender) => ANSWERED_MIN * burstOf(contender).offeredPerSecond,
    better: 'more',
    value: (contender) => burstOf(contender).answeredPerSecond,
    show: (value) => count(value ?? 0),
  },
  {
    name: 'PostgreSQL connections',
    expected: { direct: '50–100', ours: '5–10' },
    target: 10,
    better: 'less',
    value: ({ observed }) => most(observed.samples, ({ connections }) => connections),
    show: (value) => count(value ?? 0),
  },
  {
    name: 'memory, server and Redis, MiB',
    expected: { direct: '512', ours: '768' },
    target: 768 * BYTES_PER_MIB,
    better: 'less',
    value: ({ observed }) =>
      most(observed.samples, ({ serverBytes, redisBytes = 0 }) => (serverBytes ?? 0) + redisBytes),
    show: mebibytes,
  },
];

/** The table over `matchups`, which are bursts. */
export function claimTable(matchups: readonly Matchup[]): string {
  const head = [
    'In the burst',
    ...SYSTEMS.toReversed().map((system) => `${SYSTEM_NAMES[system]}, expected`),
    ...matchups.flatMap(({ plan }) => {
      const who = plan.population.users === 1 ? 'one user' : 'many users';
      return [`${SYSTEM_NAMES.direct}, ${who}`, `${SYSTEM_NAMES.ours}, ${who}`, 'reached'];
    }),
  ];
  const rows = ROWS.map((row) => [
    row.name,
    row.expected.direct,
    row.expected.ours,
    ...matchups.flatMap(({ of }) => {
      const ours = row.value(of.ours);
      return [
        row.show(row.value(of.direct)),
        row.show(ours),
        isReached(row, of.ours) ? 'yes' : '**no**',
      ];
    }),
  ]);
  return markdownTable(head, rows, 1);
}

function isReached({ target, better, value: valueOf }: Row, ours: Contender): boolean {
  const value = valueOf(ours);
  if (value === undefined) return false;
  const wanted = typeof target === 'number' ? target : target(ours);
  return better === 'less' ? value <= wanted : value >= wanted;
}
