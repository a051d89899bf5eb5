/**
 * Waiting instead of being refused: calls of one connection are asked for when the limits that they are subject to have
 * room, as far as the server's answers tell.
 *
 * A courtesy, and no safeguard. The server decides every call as if there were no pacer; who lies to this one, or does
 * without, gets the same answers. Only refusals by rate are waited for: money does not come back by itself.
 */
import type { Denied, ReserveOutput } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import type { Runtime } from '../runtime.ts';
import type { TrueSize } from './call-size.ts';
import { KnownLimits, type LimitGate, scopeKey } from './known-limits.ts';
import { answered, learnAllowed, learnEnded, learnRefused, waitMsFor } from './learning.ts';
import { TooLate } from './too-late.ts';
import { type CallToPace, Turn } from './turn.ts';
import { WaitingLine } from './waiting-line.ts';

/** A call that was asked for when its turn had come. */
export interface PacedAnswer {
  readonly decision: ReserveOutput;
  /** How long it has waited, in milliseconds: from when it came until it was asked for the last time. */
  readonly waitedMs: number;
  /** To be called when a call that was let through has ended, with what it turned out to be if it was settled. */
  readonly ended: (truth?: TrueSize) => void;
}

/** What the pacer needs of the machine. */
export type PacerRuntime = Pick<Runtime, 'after' | 'nowMs' | 'random'>;

/** The line of a connection. */
export class Pacer {
  readonly #runtime: PacerRuntime;
  readonly #limits = new KnownLimits();
  readonly #line = new WaitingLine<Turn>();
  /** Calls from asking to their end, by user. */
  readonly #running = new Map<string, number>();
  #places = 0;
  #cancelAlarm = (): void => {};
  #closed: BursarError | undefined;

  constructor(runtime: PacerRuntime) {
    this.#runtime = runtime;
  }

  get #nowMs(): number {
    return this.#runtime.nowMs();
  }

  /** How many calls wait. */
  get waiting(): number {
    return this.#line.size;
  }

  /**
   * Asks with `ask` when it is the call's turn, and again after a refusal by rate while `waitMsMax` lasts. Rejects with
   * `too_many_requests` when its turn does not come in that time or the line is full, with the signal's reason once that
   * aborts, with `input_invalid` for options that make no sense, and with what `ask` throws.
   */
  async paced(call: CallToPace, ask: () => Promise<ReserveOutput>): Promise<PacedAnswer> {
    this.#places += 1;
    const lane = this.#limits.laneOf(scopesOf(call));
    const turn = new Turn(call, lane, this.#places, this.#nowMs);
    for (;;) {
      const gaveUp = await this.#itsTurn(turn);
      const waitedMs = this.#nowMs - turn.cameAtMs;
      const decision = gaveUp ?? (await this.#ask(turn, ask));
      if (decision.decision === 'allowed') {
        return { decision, waitedMs, ended: (truth) => this.#ended(turn, truth) };
      }
      if (gaveUp !== undefined || !isWorthWaiting(turn, decision, this.#nowMs)) {
        return { decision, waitedMs, ended: () => {} };
      }
      turn.denied = decision;
    }
  }

  /** Whoever waits is told `reason`, and so is whoever comes. */
  close(reason: BursarError): void {
    this.#closed = reason;
    this.#cancelAlarm();
    for (const turn of this.#line.all()) turn.fail(reason);
  }

  /** Resolves when `turn` may ask, or to why it was refused before once it has waited long enough. */
  async #itsTurn(turn: Turn): Promise<Denied | undefined> {
    const { call, pace } = turn;
    const { signal } = call;
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    const leave = (reason: unknown): void => {
      turn.fail(reason);
      this.#serve();
    };
    const abort = (): void => leave(signal?.reason);
    const restMs = Math.max(0, turn.deadlineMs - this.#nowMs);
    const tooLate = new TooLate('its turn did not come in time');
    const cancel = this.#runtime.after(restMs, () => leave(tooLate), true);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        turn.go = resolve;
        turn.fail = (reason) => {
          if (this.#line.remove(turn)) reject(reason);
        };
        this.#line.add(turn);
        this.#serve();
        // One that comes back had its place before.
        const isFull = turn.denied === undefined && this.#line.size > pace.queueMax;
        if (isFull) turn.fail(new TooLate('too many others wait'));
      });
      return undefined;
    } catch (reason) {
      if (!(reason instanceof TooLate)) throw reason;
      if (turn.denied === undefined) throw reason.errorFor(pace);
      return turn.denied;
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  async #ask(turn: Turn, ask: () => Promise<ReserveOutput>): Promise<ReserveOutput> {
    const { user } = turn.call;
    try {
      const decision = await ask();
      answered(turn);
      if (decision.decision === 'allowed') {
        learnAllowed(turn, decision, this.#limits, this.#nowMs);
        return decision;
      }
      if (decision.reason === 'rate_limited') {
        learnRefused(turn, decision, this.#limits, this.#nowMs);
      }
      this.#count(user, -1);
      return decision;
    } catch (error) {
      answered(turn);
      this.#count(user, -1);
      throw error;
    } finally {
      this.#serve();
    }
  }

  #ended(turn: Turn, truth: TrueSize | undefined): void {
    this.#count(turn.call.user, -1);
    learnEnded(turn, truth);
    this.#serve();
  }

  /** Lets go whoever may, and sets the alarm for when the next one may. */
  #serve(): void {
    this.#cancelAlarm();
    const nowMs = this.#nowMs;
    for (;;) {
      let nextAtMs = Infinity;
      const hopeless: [turn: Turn, afterMs: number][] = [];
      // A call that waits for a limit has a place there, so that small calls do not overtake large ones for ever.
      const waitedFor = new Set<LimitGate>();
      const turn = this.#line.next((first) => {
        const atMs = this.#readyAtMs(first, waitedFor, nowMs);
        nextAtMs = Math.min(nextAtMs, atMs);
        const refusedUntilMs = refusedUntil(first);
        if (refusedUntilMs > first.deadlineMs) hopeless.push([first, refusedUntilMs - nowMs]);
        return atMs <= nowMs;
      });
      if (turn !== undefined) this.#letGo(turn, nowMs);
      else if (hopeless.length === 0) {
        this.#setAlarm(nextAtMs - nowMs);
        return;
      }
      for (const [late, afterMs] of hopeless) {
        late.fail(new TooLate('its rate limits have no room before that', afterMs));
      }
    }
  }

  #setAlarm(afterMs: number): void {
    this.#cancelAlarm =
      afterMs === Infinity
        ? () => {}
        : this.#runtime.after(Math.ceil(afterMs), () => this.#serve());
  }

  /** When `turn` may ask, as things are now; `Infinity`: something has to happen before. */
  #readyAtMs(turn: Turn, waitedFor: Set<LimitGate>, nowMs: number): number {
    const { lane, call, pace } = turn;
    if (lane.learned === 'asking') return Infinity;
    if ((this.#running.get(call.user) ?? 0) >= pace.concurrencyMax) return Infinity;
    let readyAtMs = nowMs;
    for (const limit of lane.gates) {
      const atMs = waitedFor.has(limit)
        ? Infinity
        : limit.gate.readyAtMs(turn.permits(limit), nowMs);
      if (atMs > nowMs) waitedFor.add(limit);
      readyAtMs = Math.max(readyAtMs, atMs);
    }
    return readyAtMs;
  }

  #letGo(turn: Turn, nowMs: number): void {
    if (turn.lane.learned === 'no') turn.lane.learned = 'asking';
    this.#count(turn.call.user, 1);
    for (const limit of turn.lane.gates) {
      const permits = turn.permits(limit);
      limit.gate.asked(permits, this.#runtime.random(), nowMs);
      turn.asking.set(limit, permits);
    }
    turn.go();
  }

  #count(user: string, change: number): void {
    const running = (this.#running.get(user) ?? 0) + change;
    if (running === 0) this.#running.delete(user);
    else this.#running.set(user, running);
  }
}

/** Until when the server has no room for `turn`, as far as it said. */
function refusedUntil({ lane }: Turn): number {
  return Math.max(-Infinity, ...[...lane.gates].map(({ gate }) => gate.refusedUntilMs));
}

/** Whether a refused call fits again before it has waited long enough. */
function isWorthWaiting(turn: Turn, denied: Denied, nowMs: number): boolean {
  if (denied.reason !== 'rate_limited') return false;
  const waitMs = waitMsFor(denied);
  return waitMs !== undefined && nowMs < turn.deadlineMs && nowMs + waitMs <= turn.deadlineMs;
}

/** Every scope that limits of the call can be on. */
function scopesOf({ user, model, scopes = {} }: CallToPace): readonly string[] {
  return [
    scopeKey('user', user),
    scopeKey('model', model),
    ...Object.entries(scopes).flatMap(([kind, names]) =>
      [names].flat().map((name) => scopeKey(kind, name)),
    ),
  ];
}
