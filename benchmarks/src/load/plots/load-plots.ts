/** The plots of runs: one over time for each matchup, and one over the levels of traffic. */
import { thisMachine } from '../../harness/machine.ts';
import type { Slice } from '../analyse.ts';
import type { Matchup } from '../matchup.ts';
import { SYSTEMS, type System } from '../metering-services.ts';
import { boundariesOf, type LoadPlan } from '../plan.ts';
import type { Sample } from '../sampler.ts';
import { SYSTEM_NAMES } from '../tables.ts';
import type { Band, Panel, Point, Series } from './panel.ts';
import { drawPlot } from './plot.ts';

const BYTES_PER_MIB = 2 ** 20;

/** The course of one matchup. */
export function drawCourse(matchup: Matchup): string {
  const { plan } = matchup;
  const boundaries = boundariesOf(plan.phases);
  const { users } = plan.population;
  return drawPlot({
    title: plan.title,
    subtitle: `${users.toLocaleString('en-US')} ${users === 1 ? 'user' : 'users'}, ${machineText()}. Waits count from when a call was due.`,
    panels: [
      waits(matchup),
      rates(matchup),
      shares(matchup),
      memory(matchup),
      connections(matchup),
    ],
    bands: plan.phases.map(({ name, isDisturbed = false }, index): Band => ({
      from: (boundaries[index] ?? 0) / 1_000,
      to: (boundaries[index + 1] ?? 0) / 1_000,
      name,
      isFault: isDisturbed,
    })),
    xAxis: { domain: [0, (boundaries.at(-1) ?? 0) / 1_000], format: String },
    xTitle: 'seconds',
  });
}

/** How waits grow with traffic. */
export function drawLevels(matchups: readonly Matchup[]): string {
  const levels = matchups.map(({ plan }) => plan.phases[0]?.perSecond ?? 0);
  const series = (system: System, part: 'p50' | 'p95' | 'p99'): Series => ({
    name: `${SYSTEM_NAMES[system]} ${part}`,
    tone: part === 'p99' ? system : `${system}-2`,
    look: part === 'p95' ? 'dashed' : part === 'p50' ? 'thin' : 'line',
    points: matchups.map(({ of }, index) => ({
      x: levels[index] ?? 0,
      y: of[system].analysis.all.waits[part],
    })),
  });
  return drawPlot({
    title: 'How long a call waits, by how many there are',
    subtitle: `Decision and booking together, ${machineText()}.`,
    panels: [
      {
        title: 'Wait of a call, ms',
        scale: 'log',
        format: tidy,
        series: SYSTEMS.flatMap((system) => [
          series(system, 'p50'),
          series(system, 'p95'),
          series(system, 'p99'),
        ]),
      },
    ],
    bands: [],
    xAxis: {
      domain: [Math.min(...levels), Math.max(...levels)],
      scale: 'log',
      ticks: levels,
      format: tidy,
    },
    xTitle: 'calls a second',
  });
}

function waits({ of }: Matchup): Panel {
  return {
    title: 'Wait of a call, ms',
    scale: 'log',
    format: tidy,
    series: SYSTEMS.toReversed().flatMap((system): readonly Series[] => [
      {
        name: `${SYSTEM_NAMES[system]} p50`,
        tone: `${system}-2`,
        look: 'thin',
        points: points(of[system].analysis.slices, ({ p50Ms }) => p50Ms),
      },
      {
        name: `${SYSTEM_NAMES[system]} p99`,
        tone: system,
        points: points(of[system].analysis.slices, ({ p99Ms }) => p99Ms),
      },
    ]),
  };
}

function rates({ of }: Matchup): Panel {
  return {
    title: 'Calls a second',
    format: tidy,
    series: [
      {
        name: 'offered',
        tone: 'plain',
        look: 'area',
        points: points(of.ours.analysis.slices, ({ offeredPerSecond }) => offeredPerSecond),
      },
      ...SYSTEMS.toReversed().map((system): Series => ({
        name: `${SYSTEM_NAMES[system]}, answered`,
        tone: system,
        look: system === 'ours' ? 'line' : 'thin',
        points: points(of[system].analysis.slices, ({ answeredPerSecond }) => answeredPerSecond),
      })),
    ],
  };
}

function shares({ of }: Matchup): Panel {
  return {
    title: 'Share of calls that were denied, or failed',
    format: (value) => `${Math.round(value * 100)} %`,
    least: [0, 0.1],
    series: SYSTEMS.toReversed().flatMap((system): readonly Series[] => [
      {
        name: `${SYSTEM_NAMES[system]}, denied`,
        tone: `${system}-2`,
        look: 'thin',
        points: points(of[system].analysis.slices, ({ denied }) => denied),
      },
      {
        name: `${SYSTEM_NAMES[system]}, failed`,
        tone: system,
        points: points(of[system].analysis.slices, ({ failed }) => failed),
      },
    ]),
  };
}

function memory({ plan, of }: Matchup): Panel {
  const mebibytes = (bytes: number | undefined): number | undefined =>
    bytes === undefined ? undefined : bytes / BYTES_PER_MIB;
  return {
    title: 'Memory, MiB',
    format: tidy,
    series: [
      {
        name: `${SYSTEM_NAMES.direct}, server`,
        tone: 'direct',
        points: sampled(plan, of.direct.observed.samples, ({ serverBytes }) =>
          mebibytes(serverBytes),
        ),
      },
      {
        name: 'Redis',
        tone: 'ours-2',
        look: 'dashed',
        points: sampled(plan, of.ours.observed.samples, ({ redisBytes }) => mebibytes(redisBytes)),
      },
      {
        name: `${SYSTEM_NAMES.ours}, server`,
        tone: 'ours',
        points: sampled(plan, of.ours.observed.samples, ({ serverBytes }) =>
          mebibytes(serverBytes),
        ),
      },
    ],
  };
}

function connections({ plan, of }: Matchup): Panel {
  return {
    title: 'PostgreSQL connections',
    format: tidy,
    least: [0, 10],
    series: SYSTEMS.toReversed().flatMap((system): readonly Series[] => [
      {
        name: `${SYSTEM_NAMES[system]}, held`,
        tone: `${system}-2`,
        look: 'dashed',
        isStepped: true,
        points: sampled(plan, of[system].observed.samples, (sample) => sample.connections),
      },
      {
        name: `${SYSTEM_NAMES[system]}, in use`,
        tone: system,
        isStepped: true,
        points: sampled(plan, of[system].observed.samples, (sample) => sample.activeConnections),
      },
    ]),
  };
}

function points(
  slices: readonly Slice[],
  value: (slice: Slice) => number | undefined,
): readonly Point[] {
  return slices.map((slice) => ({
    x: (slice.fromMs + slice.toMs) / 2 / 1_000,
    y: value(slice),
  }));
}

/** Of the run itself: samples go on until everything is booked. */
function sampled(
  { phases }: LoadPlan,
  samples: readonly Sample[],
  value: (sample: Sample) => number | undefined,
): readonly Point[] {
  const lengthMs = boundariesOf(phases).at(-1) ?? 0;
  return samples
    .filter(({ atMs }) => atMs <= lengthMs)
    .map((sample) => ({ x: sample.atMs / 1_000, y: value(sample) }));
}

function machineText(): string {
  const { cores, cpu, node } = thisMachine();
  return `${cores} cores of ${cpu}, Node ${node}`;
}

function tidy(value: number): string {
  return value >= 1 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(1);
}
