/** Both systems under one plan, and what is said of them: the unit of tables, plots and JSON. */
import { type Analysis, analyse } from './analyse.ts';
import { isMoneyRight } from './audit-load.ts';
import { SYSTEMS, type System } from './metering-services.ts';
import type { LoadPlan } from './plan.ts';
import { type Observed, runLoad } from './run-load.ts';
import { Workload } from './workload.ts';

/** One system in it. */
export interface Contender {
  readonly observed: Observed;
  readonly analysis: Analysis;
}

/** Both, under the same arrivals. */
export interface Matchup {
  readonly plan: LoadPlan;
  readonly of: Readonly<Record<System, Contender>>;
}

/** How late the generator may be at its 99th percentile, and how busy, before figures say more about it. */
const LATE_P99_MS_MAX = 25;
const UTILIZATION_MAX = 0.9;

/** Runs `plan` on one system after the other. */
export async function runMatchup(plan: LoadPlan, note: (text: string) => void): Promise<Matchup> {
  const workload = new Workload(plan);
  const contend = async (system: System): Promise<Contender> => {
    const observed = await runLoad(plan, system, note);
    return { observed, analysis: analyse(plan, workload, observed.log) };
  };
  return { plan, of: { ours: await contend('ours'), direct: await contend('direct') } };
}

/** Whether our books are right to the nano-dollar. */
export function isRight({ of }: Matchup): boolean {
  return isMoneyRight(of.ours.observed.money);
}

/** Sentences about where the generator itself was what took time. */
export function generatorWarnings({ plan, of }: Matchup): readonly string[] {
  return SYSTEMS.flatMap((system) => {
    const { analysis, observed } = of[system];
    const late = analysis.all.lateP99Ms ?? 0;
    const { utilization, loopDelayP99Ms } = observed.health;
    const unsent = analysis.all.failed['generator full'] ?? 0;
    const where = `${plan.name}, ${system}`;
    return [
      ...(late > LATE_P99_MS_MAX || utilization > UTILIZATION_MAX
        ? [
            `${where}: the generator ${utilization > UTILIZATION_MAX ? 'was the bottleneck' : 'did not always get its turn'} (late by ${late.toFixed(0)} ms at p99, its event loop by ${loopDelayP99Ms.toFixed(0)} ms, at work ${(utilization * 100).toFixed(0)} % of the time). Waits have that in them.`,
          ]
        : []),
      ...(unsent > 0 ? [`${where}: ${unsent} calls were not made, too many were under way.`] : []),
    ];
  });
}
