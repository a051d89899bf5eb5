/** What a run has to come to, as findings like a benchmark's: judged where the machine lets one. */
import type { Finding } from '../harness/bench.ts';
import type { Figures } from './analyse.ts';
import type { Contender, Matchup } from './matchup.ts';
import { most } from './tables.ts';

/** Share of calls that may fail with everything up, and with a store away. */
const FAILED_MAX = 0.001;
const FAILED_MAX_AWAY = 0.01;
/** Connections that our server may hold with Redis up, and with Redis away. */
const CONNECTIONS_MAX = 5;
const CONNECTIONS_MAX_AWAY = 10;
const RECOVERY_SECONDS_MAX = 10;
/** To what part our waits in a burst on one user have to come down. */
const TIMES_FASTER = 50;
const NANO_USD_PER_USD = 1_000_000_000;

/** The findings of one matchup. */
export function goalsOf({ plan, of }: Matchup): readonly Finding[] {
  const faults = plan.phases.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  const { ours, direct } = of;
  const { money } = ours.observed;
  const off = money.lost + money.duplicated + money.overspent + money.leftHeld;
  const findings: Finding[] = [
    {
      name: 'money lost, invented, overspent or left set aside',
      value: Number(off) / NANO_USD_PER_USD,
      goal: 0,
      unit: 'USD',
      better: 'less',
    },
    {
      name: 'share of calls that failed',
      value: failedShare(ours),
      goal: faults.length === 0 ? FAILED_MAX : FAILED_MAX_AWAY,
      unit: 'of 1',
      better: 'less',
      isByClock: true,
    },
    {
      name: 'PostgreSQL connections held, at most',
      value: most(ours.observed.samples, ({ connections }) => connections) ?? Number.NaN,
      goal: faults.length === 0 ? CONNECTIONS_MAX : CONNECTIONS_MAX_AWAY,
      unit: 'connections',
      better: 'less',
    },
  ];
  if (ours.analysis.recoverySeconds !== undefined) {
    findings.push({
      name: 'p99 back within twice of what it was',
      value: ours.analysis.recoverySeconds ?? Number.POSITIVE_INFINITY,
      goal: RECOVERY_SECONDS_MAX,
      unit: 's',
      better: 'less',
      isByClock: true,
    });
  }
  if (plan.name === 'burst-one-user') {
    for (const part of ['mean', 'p95'] as const) {
      findings.push({
        name: `${part} wait in the burst, direct DB's to ours`,
        value:
          (burstOf(direct).waits[part] ?? Number.NaN) / (burstOf(ours).waits[part] ?? Number.NaN),
        goal: TIMES_FASTER,
        better: 'more',
        isByClock: true,
      });
    }
  }
  return findings;
}

/** What the second phase of a burst came to. */
export function burstOf({ analysis }: Contender): Figures {
  return analysis.phases[1] ?? analysis.all;
}

function failedShare({ analysis: { all } }: Contender): number {
  const failed = Object.values(all.failed).reduce((sum, times) => sum + times, 0);
  return failed / Math.max(1, all.calls);
}
