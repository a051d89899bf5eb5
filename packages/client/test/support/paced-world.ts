/** Many clients, each a connection of its own, and one real server in memory, in simulated time. */
import type { ReserveInput, ReserveOutput } from '@bursar/api';
import type { LimiterPolicy } from '@bursar/core';
import { type Bursar as Server, createBursar } from '@bursar/server';
import { type Bursar, connect } from '../../src/connect.ts';
// Loaded when first needed, which simulated time would not wait for.
import '../../src/metered-work.ts';
import '../../src/pacing/pacer.ts';
import type { WorkToMeter } from '../../src/metered-work.ts';
import type { PaceOptions } from '../../src/pacing/pace-options.ts';
import type { Caller } from '@bursar/api';
import { seededRandom } from './seeded-random.ts';
import { SimulatedTime } from './simulated-time.ts';

/** One way to the server and back. */
const TRAVEL_MS = 5;

/** What the server answered to `meter.reserve`. */
export interface Asked {
  readonly atMs: number;
  readonly input: ReserveInput;
  readonly output: ReserveOutput;
}

export interface PacedWorld extends AsyncDisposable {
  readonly time: SimulatedTime;
  readonly server: Server;
  /** Every answer, in order. */
  readonly asked: Asked[];
  /** A connection of its own. */
  connect(seed?: number): Bursar;
}

/** A rate of requests on each scope of `kind`. */
export function requestsOn(kind: string, limiter: LimiterPolicy): object {
  return { name: 'pace', on: { kind }, counts: 'requests', limiter };
}

/** Opens a world in which `rates` hold for everybody, and money for whom `limitUsd` says. */
export async function openPacedWorld(
  rates: readonly object[],
  { limitUsd = null }: { readonly limitUsd?: string | null } = {},
): Promise<PacedWorld> {
  const time = new SimulatedTime();
  const server = await createBursar({ store: { kind: 'memory' }, time });
  const { meter, policies } = server.caller({ tenant: 'default' });
  const budgets = [{ name: 'credit', on: { kind: 'user' }, limitUsd }];
  await policies.put({
    document: { version: 1, defaults: { budgets, rates } },
    expectedVersion: 0,
  });
  const asked: Asked[] = [];
  const travel = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    await time.sleep(TRAVEL_MS);
    const answered = await time.still(answer());
    await time.sleep(TRAVEL_MS);
    return answered;
  };
  const reserve = async (input: ReserveInput): Promise<ReserveOutput> => {
    const output = await meter.reserve(input);
    asked.push({ atMs: time.nowMs(), input, output });
    return output;
  };
  const caller = {
    meter: {
      reserve: (input) => travel(() => reserve(input)),
      extend: (input) => travel(() => meter.extend(input)),
      settle: (input) => travel(() => meter.settle(input)),
      release: (input) => travel(() => meter.release(input)),
    } satisfies Partial<Caller['meter']>,
  } as Caller;
  return {
    time,
    server,
    asked,
    connect: (seed = 1) => connect({ caller }, time.runtime(seed)),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** How many of `asked` were refused by rate. */
export function refusedIn(asked: readonly Asked[]): number {
  return asked.filter(({ output }) => output.decision === 'denied').length;
}

/** A user of a product, who calls, waits for the answer, thinks, and calls again. */
export interface Talker {
  /** Calls that were answered, by when they were. */
  readonly answeredAtMs: number[];
  /** Calls that were refused in the end. */
  readonly refusals: unknown[];
}

/** Lets somebody call on `bursar`, about every `everyMs` if never kept waiting, until time stops. */
export function talk(
  { time }: Pick<PacedWorld, 'time'>,
  bursar: Bursar,
  options: {
    readonly everyMs: number;
    readonly seed: number;
    readonly call: Pick<WorkToMeter, 'user' | 'scopes'>;
    readonly pace: PaceOptions | false;
    /** Calls that go on at once. */
    readonly abreast?: number;
  },
): Talker {
  const { everyMs, seed, call, pace, abreast = 1 } = options;
  const random = seededRandom(seed);
  const talker: Talker = { answeredAtMs: [], refusals: [] };
  const one = async (): Promise<void> => {
    for (;;) {
      await time.sleep(everyMs * abreast * (0.5 + random()));
      await bursar
        .meter({ ...call, model: 'ours', amountUsd: '0.01', pace }, async () => ({
          value: undefined,
          costUsd: '0.001',
        }))
        .then(
          () => talker.answeredAtMs.push(time.nowMs()),
          (error: unknown) => talker.refusals.push(error),
        );
    }
  };
  for (let index = 0; index < abreast; index += 1) void one();
  return talker;
}
