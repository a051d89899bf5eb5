/**
 * Metering of anything that costs money and is no HTTP call that Bursar knows: reserve, run, settle with what the
 * work itself says.
 */
import type { Denied } from '@bursar/api';
import type { ServiceTier, Usage } from '@bursar/core';
import type { Basis } from './call-hooks.ts';
import { CallRefused } from './call-refused.ts';
import { MeteredCall, reserveCall } from './metered-call.ts';
import type { OtherUnits, Spent } from './call-terms.ts';
import type { MeteringContext } from './metering-context.ts';
import { checkJournal } from './unreachable/check-journal.ts';
import { meteringOf, type WrapOptions } from './wrap-options.ts';

/** What a call may cost at most: tokens, which Bursar prices, or an amount. */
export type WorkBounds =
  | {
      /** Upper bound of the input tokens. */
      readonly inputTokens: number;
      /** Upper bound of the output tokens; by default the model's own. */
      readonly outputTokensMax?: number;
      /** Whether audio goes in or comes out. */
      readonly audio?: boolean;
      readonly serviceTier?: ServiceTier;
      /** Upper bounds of what the model may be charged by instead: characters, milliseconds of sound, images. */
      readonly otherUnits?: OtherUnits;
    }
  /** Decimal USD. */
  | { readonly amountUsd: string };

/** A call to be metered. */
export type WorkToMeter<Kind extends string = string> = Omit<
  WrapOptions<Kind>,
  'unmeteredRoutes' | 'deployments' | 'onAbort' | 'drainMsMax' | 'clamp' | 'ownKey' | 'unitsHeader'
> &
  WorkBounds & {
    /** Whose price applies, or, with an amount, whatever the ledger is to say. */
    readonly model: string;
    /** Ends the wait for its turn (`pace`), with the signal's reason. */
    readonly signal?: AbortSignal;
  };

/** What a call did use: tokens, which Bursar prices, or its cost in decimal USD. */
export type WorkCost = {
  /** How it is known; `reported` by default. */
  readonly basis?: Basis;
  /** What it is settled by instead of `usage` where the model is charged by such units. */
  readonly otherUnits?: OtherUnits;
  /** The model that answered. */
  readonly answeredBy?: string;
  readonly serviceTier?: ServiceTier;
  /** What it used of whatever rate limits count as `units`, a whole number; nothing is reported by default. */
  readonly units?: number;
} & ({ readonly usage: Usage } | { readonly costUsd: string });

/** What work resolves to: its result, and what it did cost. */
export type WorkResult<Value> = WorkCost & { readonly value: Value };

/** A call while it runs. */
export interface RunningWork {
  /** UUID; also in the ledger. */
  readonly reservation: string;
  /** Total cost so far: what is settled if the work fails. Without it a failure gives everything back. */
  spentSoFar(cost: WorkCost): void;
  /**
   * Sees to it that `outputTokens` so far are set aside, for work that grows while it runs. Answers with the denial
   * when they cannot be and `onExhausted` is `stop`: the work is then to end.
   */
  cover(outputTokens: number): undefined | Promise<Denied | undefined>;
}

/**
 * Runs `work` with money set aside for it. Resolves to its value once its cost is booked. Throws `CallRefused` when
 * it may not be run, the meter's `BursarError` when that cannot be found out, and what `work` throws, after
 * releasing what was set aside, or settling what it said it had spent.
 */
export type MeterWork<Kind extends string = string> = <Value>(
  call: WorkToMeter<Kind>,
  work: (running: RunningWork) => PromiseLike<WorkResult<Value>>,
) => Promise<Value>;

/** See `MeterWork`. */
export async function meterWork<Value>(
  call: WorkToMeter,
  work: (running: RunningWork) => PromiseLike<WorkResult<Value>>,
  context: MeteringContext,
): Promise<Value> {
  const { model, user } = call;
  const metering = meteringOf(call);
  checkJournal(metering, context);
  const tokens = 'inputTokens' in call ? call : undefined;
  const reserved = await reserveCall(
    {
      user,
      model,
      inputTokens: tokens?.inputTokens ?? 0,
      outputTokensMax: tokens?.outputTokensMax ?? metering.outputTokensFallback,
      choices: 1,
      audio: tokens?.audio ?? false,
      longCache: false,
      serviceTier: tokens?.serviceTier,
      otherUnits: tokens?.otherUnits,
      outputTokensMin: undefined,
      amountUsd: 'amountUsd' in call ? call.amountUsd : undefined,
      signal: call.signal,
    },
    metering,
    context,
  );
  if (!(reserved instanceof MeteredCall)) throw new CallRefused(reserved);
  reserved.dispatch();
  let spent: Spent | undefined;
  const running: RunningWork = {
    reservation: reserved.reservation,
    cover: (outputTokens) => reserved.cover(outputTokens),
    spentSoFar: (cost) => {
      spent = spentOf(cost);
    },
  };
  try {
    const result = await work(running);
    await reserved.settle(spentOf(result));
    return result.value;
  } catch (error) {
    await (spent === undefined ? reserved.release() : reserved.settle(spent));
    throw error;
  }
}

function spentOf(cost: WorkCost): Spent {
  return {
    ...('usage' in cost ? { usage: cost.usage } : { usage: {}, costUsd: cost.costUsd }),
    otherUnits: cost.otherUnits,
    basis: cost.basis ?? 'reported',
    model: cost.answeredBy,
    serviceTier: cost.serviceTier,
    units: cost.units,
  };
}
