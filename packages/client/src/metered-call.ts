/**
 * One metered call: reserve, dispatch, then settle or release, whatever the provider and the transport.
 *
 * Invariant: a call that was allowed ends exactly once. The first `settle` or `release` wins and every later
 * one waits for it, so that whoever notices an end may report it. Ending never throws: when Bursar cannot be
 * told even after retries, the hooks are, and the reservation expires on the server.
 */
import type { Allowed, Denied, ExtendInput } from '@bursar/api';
import { BursarError, isBursarError, type ServiceTier, type Usage } from '@bursar/core';
import { type Basis, type CallIdentity, tell } from './call-hooks.ts';
import { Coverage } from './coverage.ts';
import { startHeartbeat } from './heartbeat.ts';
import type { MeterApi } from './meter-api.ts';
import type { MeteringContext } from './metering-context.ts';
import { retryingMeter } from './retrying-meter.ts';
import type { Metering } from './wrap-options.ts';

/**
 * Longest wait for Bursar to acknowledge the end of a call. The answer is there, and the end is retried
 * without anybody waiting.
 */
const ACKNOWLEDGE_MS_MAX = 1_000;

/** What a call may use at most. */
export interface CallTerms {
  readonly user: string;
  readonly model: string;
  /** Upper bound of the input tokens. */
  readonly inputTokens: number;
  /** Upper bound of the output tokens of all choices; `undefined` for the model's own. */
  readonly outputTokensMax: number | undefined;
  /** Answers asked for at once. */
  readonly choices: number;
  /** Whether audio goes in or comes out. */
  readonly audio: boolean;
  /** Whether the provider is asked to cache the prompt for the longer time. */
  readonly longCache: boolean;
  /** The service tier that it asks for; `undefined` for the standard one. */
  readonly serviceTier: ServiceTier | undefined;
  /** With how many output tokens it may be made if it does not fit as it is; `undefined`: with no less. */
  readonly outputTokensMin: number | undefined;
}

/** What a call did use. */
export interface Spent {
  readonly usage: Usage;
  readonly basis: Basis;
  /** The model that answered, if it said so. */
  readonly model?: string | undefined;
  /** How it was served, if the provider said so, or else as was asked for. */
  readonly serviceTier?: ServiceTier | undefined;
}

/** Reserves a call of `terms`: the call, or why it may not be made. Throws what the meter throws. */
export async function reserveCall(
  terms: CallTerms,
  metering: Metering,
  context: MeteringContext,
): Promise<MeteredCall | Denied> {
  if (!context.isOpen()) {
    throw new BursarError('store_unavailable', {
      message: 'This connection to Bursar was closed; connect anew.',
    });
  }
  const meter = retryingMeter(context.meter, context.runtime);
  const reservation = context.runtime.newId();
  const { user, model, outputTokensMin } = terms;
  const estimate = estimateOf(terms, terms.outputTokensMax);
  const clamp = outputTokensMin === undefined ? {} : { clamp: { outputTokensMin } };
  const decision = await meter
    .reserve({ reservation, user, model, estimate, ...clamp, ttlMs: metering.callMsMax })
    .catch((error: unknown) => {
      // Nobody knows whether money was set aside, and nobody will use it.
      if (isBursarError(error) && error.code === 'store_timeout') {
        context.unfinished.add(meter.release({ reservation }));
      }
      throw error;
    });
  const identity = { reservation, user, model };
  tell(metering.onDecision, identity, decision);
  if (decision.decision === 'denied') return decision;
  return new MeteredCall(identity, terms, decision, { metering, context, meter });
}

/** A call for which money is set aside. */
export class MeteredCall {
  readonly #identity: CallIdentity;
  readonly #terms: CallTerms;
  readonly #metering: Metering;
  readonly #context: MeteringContext;
  /** Repeats what fails; heartbeats do not need it, the next one says the same. */
  readonly #meter: MeterApi;
  readonly #coverage: Coverage;
  /** Output tokens of all choices that the provider must be held to; `undefined`: the call is made as it was asked. */
  readonly clampedTo: number | undefined;
  #stopHeartbeat = (): void => {};
  #end: Promise<void> | undefined;

  constructor(
    identity: CallIdentity,
    terms: CallTerms,
    allowed: Allowed,
    parts: { metering: Metering; context: MeteringContext; meter: MeterApi },
  ) {
    this.#identity = identity;
    this.#terms = terms;
    this.#metering = parts.metering;
    this.#context = parts.context;
    this.#meter = parts.meter;
    const tokens = allowed.outputTokensMax ?? undefined;
    this.clampedTo = allowed.clamped ? tokens : undefined;
    this.#coverage = new Coverage({
      tokens: tokens ?? terms.outputTokensMax,
      extendTo: (tokens) => this.#extendTo(tokens),
      onError: this.#extendFailed,
    });
  }

  /** Whether the call was settled or released, or is being so. */
  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /**
   * Marks the call as on its way to the provider and keeps it alive from now on. Does not wait: should this
   * process die before the mark arrives, the call is not charged.
   */
  dispatch(): void {
    const { heartbeatMs, ttlMs, callMsMax } = this.#metering;
    const mark = { reservation: this.#identity.reservation, dispatched: true, ttlMs };
    const beat = async (meter: MeterApi): Promise<boolean> => {
      try {
        await meter.extend(mark);
        return true;
      } catch (error) {
        return this.#extendFailed(error);
      }
    };
    this.#context.unfinished.add(beat(this.#meter));
    this.#stopHeartbeat = startHeartbeat(
      {
        everyMs: heartbeatMs,
        beatsMax: Math.ceil(callMsMax / heartbeatMs),
        beat: () => beat(this.#context.meter),
      },
      this.#context.runtime,
    );
  }

  /**
   * Sees to it that `outputTokens` so far are set aside. Answers with the denial when they cannot be and the
   * call is to stop; a call that need not stop does not wait either.
   */
  cover(outputTokens: number): undefined | Promise<Denied | undefined> {
    if (this.hasEnded) return undefined;
    const covering = this.#coverage.cover(outputTokens);
    return this.#metering.onExhausted === 'stop' ? covering : undefined;
  }

  /** Books what the call used. Resolves when that is acknowledged, or after a second; never rejects. */
  settle({ usage, basis, model, serviceTier }: Spent): Promise<void> {
    return this.#finish(async () => {
      const { reservation, user, model: reserved } = this.#identity;
      const settled = await this.#meter.settle({
        reservation,
        call: { user, model: reserved },
        usage,
        basis,
        ...(model === undefined ? {} : { model }),
        ...(serviceTier === undefined ? {} : { serviceTier }),
      });
      tell(this.#metering.onSettled, this.#identity, { ...settled, usage, basis });
    });
  }

  /** Gives everything back: the provider does not charge for this call. Resolves like `settle`. */
  release(): Promise<void> {
    return this.#finish(async () => {
      await this.#meter.release({ reservation: this.#identity.reservation });
    });
  }

  #finish(report: () => Promise<void>): Promise<void> {
    if (this.#end !== undefined) return this.#end;
    this.#stopHeartbeat();
    const ended = report().catch((error: unknown) =>
      tell(this.#metering.onSettleFailed, this.#identity, error),
    );
    this.#context.unfinished.add(ended);
    this.#end = new Promise((resolve) => {
      const cancel = this.#context.runtime.after(ACKNOWLEDGE_MS_MAX, resolve);
      void ended.then(cancel).then(resolve);
    });
    return this.#end;
  }

  async #extendTo(outputTokensMax: number): Promise<Denied | undefined> {
    const extended = await this.#meter.extend({
      reservation: this.#identity.reservation,
      estimate: estimateOf(this.#terms, outputTokensMax),
      ttlMs: this.#metering.ttlMs,
      dispatched: true,
    });
    return extended.decision === 'denied' ? extended : undefined;
  }

  /** Tells of a failure, and whether trying again later makes sense. */
  readonly #extendFailed = (error: unknown): boolean => {
    // A beat may well arrive after the end.
    if (this.hasEnded) return false;
    tell(this.#metering.onHeartbeatFailed, this.#identity, error);
    return !isBursarError(error) || error.retryable;
  };
}

function estimateOf(
  { inputTokens, choices, audio, longCache, serviceTier }: CallTerms,
  outputTokensMax: number | undefined,
): NonNullable<ExtendInput['estimate']> {
  return {
    inputTokens,
    audio,
    ...(longCache ? { longCache } : {}),
    ...(choices > 1 ? { choices } : {}),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
  };
}
