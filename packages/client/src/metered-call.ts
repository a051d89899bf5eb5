/**
 * One metered call: reserve, dispatch, then settle or release, whatever the provider and the transport.
 *
 * Invariant: a call that was allowed ends exactly once. The first `settle` or `release` wins and every later
 * one waits for it, so that whoever notices an end may report it. Ending never throws: when Bursar cannot be
 * told even after retries, the hooks are, and the reservation expires on the server.
 */
import type { Allowed, Denied, ReserveOutput } from '@bursar/api';
import { isBursarError, type Usage } from '@bursar/core';
import { type CallIdentity, tell } from './call-hooks.ts';
import { bookingOf, estimateOf, payersOf } from './call-messages.ts';
import type { CallTerms, Spent } from './call-terms.ts';
import { connectionClosed } from './connection-closed.ts';
import { Coverage } from './coverage.ts';
import type { PayingKey } from './http/own-key.ts';
import { startHeartbeat } from './heartbeat.ts';
import { loading } from './loading.ts';
import type { MeterApi } from './meter-api.ts';
import type { MeteringContext } from './metering-context.ts';
import { retryingMeter } from './retrying-meter.ts';
import type { TrueSize } from './pacing/call-size.ts';
import type { PacedAnswer } from './pacing/pacer.ts';
import type { Runtime } from './runtime.ts';
import type { CallSpan } from './telemetry/call-span.ts';
import { spanOfCall } from './telemetry/span-of-call.ts';
import { decisionWithin } from './unreachable/decision.ts';
import { type Metering, TTL_MS_MAX } from './wrap-options.ts';

const loadUndecided = loading(() => import('./unreachable/without-decision.ts'));

/**
 * Longest wait for Bursar to acknowledge the end of a call. The answer is there, and the end is retried
 * without anybody waiting.
 */
const ACKNOWLEDGE_MS_MAX = 1_000;

/** Reserves a call of `terms`: the call, or why it may not be made. Throws what the meter throws. */
export async function reserveCall(
  terms: CallTerms,
  metering: Metering,
  context: MeteringContext,
): Promise<MeteredCall | Denied> {
  if (!context.isOpen()) throw connectionClosed();
  const meter = retryingMeter(context.meter, context.runtime);
  const reservation = context.runtime.newId();
  const { user, model, amountUsd, outputTokensMin } = terms;
  const wanted =
    amountUsd === undefined
      ? { estimate: estimateOf(terms, terms.outputTokensMax) }
      : { amountUsd };
  const clamp = outputTokensMin === undefined ? {} : { clamp: { outputTokensMin } };
  const ownKey = terms.mayUseOwnKey === true ? { mayUseOwnKey: true } : {};
  const payer = { user, model, ...payersOf(metering), ...ownKey };
  const span = await spanOfCall({ reservation, model });
  let asking: Promise<ReserveOutput> | undefined;
  const ask = (): Promise<ReserveOutput> => {
    // Under the same id each time: a refusal has left nothing, and what was let through is answered again.
    asking = meter.reserve({
      reservation,
      ...payer,
      ...wanted,
      ...clamp,
      ttlMs: metering.callMsMax,
    });
    return decisionWithin(metering.decisionMsMax, asking, context.runtime);
  };
  const parts = { metering, context, meter, span };
  let answer: PacedAnswer;
  try {
    answer = await askInTurn(ask, terms, metering, context);
  } catch (error) {
    const { withoutDecision } = await loadUndecided();
    return await withoutDecision(error, {
      identity: { reservation, user, model, waitedMs: 0 },
      terms,
      asking,
      ...parts,
    });
  }
  const { decision, waitedMs, ended } = answer;
  const identity = { reservation, user, model, waitedMs };
  tell(metering.onDecision, identity, decision);
  if (decision.decision === 'allowed') {
    return new MeteredCall(identity, terms, decision, { ...parts, ended });
  }
  span.denied(decision);
  return decision;
}

/** Asks at once, or when it is the call's turn. */
async function askInTurn(
  ask: () => Promise<ReserveOutput>,
  terms: CallTerms,
  { pace, scopes }: Metering,
  { pacing }: MeteringContext,
): Promise<PacedAnswer> {
  if (pace === undefined) return { decision: await ask(), waitedMs: 0, ended: () => {} };
  return await (await pacing.pacer()).paced({ ...terms, pace, scopes }, ask);
}

/** What a call is made with. */
interface CallParts {
  readonly metering: Metering;
  readonly context: MeteringContext;
  /** Repeats what fails; heartbeats do not need it, the next one says the same. */
  readonly meter: MeterApi;
  readonly span: CallSpan;
  /** Told of its end, and what it turned out to be. */
  readonly ended: PacedAnswer['ended'];
}

/** What a call that is made unreserved is made with besides. */
interface UnreservedParts {
  readonly worst: Spent;
  /** Gives back what may be set aside for it all the same. */
  readonly giveBack: () => void;
}

/** A call for which money is set aside, or that is made all the same because nobody hears Bursar. */
export class MeteredCall {
  readonly #identity: CallIdentity;
  readonly #terms: CallTerms;
  readonly #metering: Metering;
  readonly #context: MeteringContext;
  readonly #meter: MeterApi;
  readonly #coverage: Coverage;
  /** Whether it is charged by other units than tokens. */
  readonly #isByPiece: boolean;
  /** Output tokens of all choices that the provider must be held to; `undefined`: the call is made as it was asked. */
  readonly clampedTo: number | undefined;
  /** The user's own key that pays, and so the call must be made with; `undefined`: the service pays. */
  readonly paidBy: PayingKey | undefined;
  readonly #span: CallSpan;
  readonly #ended: PacedAnswer['ended'];
  /** What it costs if nobody says better, for a call that is made unreserved. */
  readonly #worst: Spent | undefined;
  readonly #giveBack: (() => void) | undefined;
  #leave = (): void => {};
  #stopHeartbeat = (): void => {};
  #end: Promise<void> | undefined;
  #units: number | undefined;

  constructor(
    identity: CallIdentity,
    terms: CallTerms,
    allowed: Allowed | undefined,
    parts: CallParts & Partial<UnreservedParts>,
  ) {
    this.#identity = identity;
    this.#terms = terms;
    this.#metering = parts.metering;
    this.#context = parts.context;
    this.#meter = parts.meter;
    this.#span = parts.span;
    this.#ended = parts.ended;
    this.#worst = parts.worst;
    this.#giveBack = parts.giveBack;
    const funding = allowed?.funding;
    this.paidBy =
      funding === undefined || funding.source === 'service'
        ? undefined
        : { user: identity.user, provider: funding.provider, id: funding.keyId };
    const tokens = allowed?.outputTokensMax ?? undefined;
    this.clampedTo = allowed?.clamped === true ? tokens : undefined;
    this.#isByPiece = allowed?.chargedBy !== undefined;
    // What is made unreserved is not held to anything.
    const isBounded = allowed !== undefined && !this.#isByPiece;
    this.#coverage = new Coverage({
      tokens: isBounded ? (tokens ?? terms.outputTokensMax) : undefined,
      extendTo: (tokens) => this.#extendTo(tokens),
      onError: this.#extendFailed,
    });
    this.#context.calls.add(new Promise<void>((resolve) => (this.#leave = resolve)));
  }

  /** UUID; also in the ledger. */
  get reservation(): string {
    return this.#identity.reservation;
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
    const { heartbeatMs, callMsMax } = this.#metering;
    const { isJob = false } = this.#terms;
    const ttlMs = isJob ? TTL_MS_MAX : this.#metering.ttlMs;
    const worst = this.#worst;
    if (worst !== undefined) {
      this.#stopHeartbeat = this.#context.runtime.after(callMsMax, () => void this.settle(worst));
      return;
    }
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
    if (isJob) return;
    this.#stopHeartbeat = startHeartbeat(
      {
        everyMs: heartbeatMs,
        beatsMax: Math.ceil(callMsMax / heartbeatMs),
        beat: () => beat(this.#context.meter),
        onEnd: this.#leave,
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

  /** Notes what the provider says of units; the last word counts, and what is no word changes nothing. */
  noteUnits(units: number | undefined): void {
    this.#units = units ?? this.#units;
  }

  /** Books what the call used. Resolves when that is acknowledged, or after a second; never rejects. */
  settle(spent: Spent): Promise<void> {
    return this.#finish(async () => {
      const { basis, model, units = this.#units } = spent;
      const usage = this.#usageOf(spent);
      let truth: TrueSize | undefined;
      const booking = bookingOf(
        this.#identity,
        this.#metering,
        { ...spent, usage, units },
        this.paidBy,
      );
      const told = await this.#context.commits.settle(booking, (settled) => {
        const { costUsd } = settled;
        this.#span.settled({ costUsd, usage, basis, model });
        tell(this.#metering.onSettled, this.#identity, { ...settled, usage, basis });
        // Of a batch no tokens are taken from rate limits, nor of what is only a cost.
        const isOfTokens = spent.costUsd === undefined && spent.batch === undefined;
        truth = { usage: isOfTokens ? usage : undefined, costUsd };
      });
      if (told === 'kept') {
        this.#span.kept();
        tell(this.#metering.onSettleKept, this.#identity);
      }
      return truth;
    });
  }

  /** Gives everything back: the provider does not charge for this call. Resolves like `settle`. */
  release(): Promise<void> {
    const { reservation } = this.#identity;
    return this.#finish(async () => {
      if (this.#worst === undefined) await this.#context.commits.release({ reservation });
      else await this.#context.commits.unreserved?.withdraw(reservation);
      this.#giveBack?.();
      this.#span.released();
      return undefined;
    });
  }

  /** The call goes on at the provider, and nobody waits for its end. */
  goOnInBackground(): void {
    this.#leave();
  }

  #usageOf({ usage, otherUnits }: Spent): Usage {
    // What is charged by what, nobody has said of a call that is made unreserved: what has no price costs nothing.
    if (this.#worst !== undefined) return { ...usage, ...otherUnits };
    return this.#isByPiece ? (otherUnits ?? usage) : usage;
  }

  #finish(report: () => Promise<TrueSize | undefined>): Promise<void> {
    if (this.#end !== undefined) return this.#end;
    this.#stopHeartbeat();
    const ended = report().then(this.#ended, (error: unknown) => {
      this.#ended();
      this.#span.failed(error);
      tell(this.#metering.onSettleFailed, this.#identity, error);
    });
    this.#context.unfinished.add(ended);
    this.#leave();
    this.#end = acknowledged(ended, this.#context.runtime);
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
    // A beat may well arrive after the end, which another process may have seen.
    const isOver = isBursarError(error) && error.code === 'reservation_already_settled';
    if (this.hasEnded || isOver) return false;
    tell(this.#metering.onHeartbeatFailed, this.#identity, error);
    return !isBursarError(error) || error.retryable;
  };
}

/** Resolves when `ended` does, or after a second. */
export function acknowledged(ended: Promise<void>, runtime: Runtime): Promise<void> {
  return new Promise((resolve) => {
    const cancel = runtime.after(ACKNOWLEDGE_MS_MAX, resolve);
    void ended.then(cancel).then(resolve);
  });
}
