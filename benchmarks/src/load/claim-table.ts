/** What the design without Bursar was expected to improve, beside what both systems were measured at. */
import { markdownTable } from '../harness/markdown.ts';
import { burstWaits } from './goals.ts';
import type { Contender, Matchup } from './matchup.ts';
import { SYSTEMS, type System } from './metering-services.ts';
import { count, mebibytes, most, ms, SYSTEM_NAMES } from './tables.ts';

interface Row {
  readonly name: string;
  /** What was expected of each system. */
  readonly expected: Readonly<Record<System, string>>;
  /** The worst that our figure may be. */
  readonly target: number;
  readonly better: 'more' | 'less';
  readonly value: (contender: Contender) => number | undefined;
  readonly show: (value: number | undefined) => string;
}

const BYTES_PER_MIB = 2 ** 20;

const ROWS: readonly Row[] = [
  {
    name: 'mean wait, ms',
    expected: { direct: '250', ours: '45' },
    target: 45,
    better: 'less',
    value: (contender) => burstWaits(contender).mean,
    show: ms,
  },
  {
    name: 'p95 wait, ms',
    expected: { direct: '800', ours: '120' },
    target: 120,
    better: 'less',
    value: (contender) => burstWaits(contender).p95,
    show: ms,
  },
  {
    name: 'answered a second, at most',
    expected: { direct: '200', ours: '2,000' },
    target: 2_000,
    better: 'more',
    value: ({ analysis }) =>
      Math.max(...analysis.slices.map(({ answeredPerSecond }) => answeredPerSecond)),
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
        isReached(row, ours) ? 'yes' : '**no**',
      ];
    }),
  ]);
  return markdownTable(head, rows, 1);
}

function isReached({ target, better }: Row, value: number | undefined): boolean {
  if (value === undefined) return false;
  return better === 'less' ? value <= target : value >= target;
}
