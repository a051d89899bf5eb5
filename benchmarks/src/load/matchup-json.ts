/** A matchup as one object, for programs. */
import type { Machine } from '../harness/machine.ts';
import { findingsAsJson } from '../harness/report.ts';
import { goalsOf } from './goals.ts';
import { type Contender, generatorWarnings, isRight, type Matchup } from './matchup.ts';
import { most } from './tables.ts';

/** Everything but the single calls. */
export function matchupAsJson(matchup: Matchup, machine: Machine): object {
  const { plan, of } = matchup;
  const { trace, ...population } = plan.population;
  return {
    load: plan.name,
    machine,
    seed: plan.seed,
    isOverSocket: plan.isOverSocket ?? false,
    phases: plan.phases,
    population: { ...population, isTrace: trace !== undefined },
    ours: contenderAsJson(of.ours),
    direct: { ...contenderAsJson(of.direct), pool: plan.directPool },
    goals: findingsAsJson(goalsOf(matchup), machine),
    warnings: generatorWarnings(matchup),
    isMoneyRight: isRight(matchup),
  };
}

function contenderAsJson({ observed, analysis }: Contender): object {
  const { money, transactions, cpuUs, health, samples } = observed;
  const { made, lost, duplicated, overspent, leftHeld, findings } = money;
  return {
    all: analysis.all,
    phases: analysis.phases,
    recoverySeconds: analysis.recoverySeconds,
    moneyNanoUsd: {
      made: String(made),
      lost: String(lost),
      duplicated: String(duplicated),
      overspent: String(overspent),
      leftHeld: String(leftHeld),
    },
    findings,
    connectionsHeldMost: most(samples, ({ connections }) => connections),
    connectionsActiveMost: most(samples, ({ activeConnections }) => activeConnections),
    connectionsLockedMost: most(samples, ({ lockedConnections }) => lockedConnections),
    serverBytesMost: most(samples, ({ serverBytes }) => serverBytes),
    redisBytesMost: most(samples, ({ redisBytes }) => redisBytes),
    transactions,
    cpuUs,
    generator: health,
    slices: analysis.slices,
    samples,
  };
}
