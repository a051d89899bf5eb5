/**
 * Changing calls on leases: where they were reserved while that is possible, otherwise past it, in the ledger.
 *
 * Every path ends a call the same way, because books are a join: whichever store hears of it first, second or
 * twice, the ledger says one thing.
 */
import { type Amount, DIRECT, type Outcome, ZERO } from '@bursar/core';
import { isAway } from './away.ts';
import type { OpenCall } from './call-book.ts';
import { drawForCall } from './draw-for-call.ts';
import type { LeasedContext } from './leased-context.ts';
import { reportsOfCall } from './reports.ts';
import {
  callOnCopies,
  type Change,
  type DoneAnswer,
  isEnd,
  legOfCopy,
  standingAfter,
  standingBefore,
  tenantOf,
} from './standing.ts';

/** Longest life of a reservation without a word from its caller, in milliseconds. */
const LIFE_MS_MAX = 3_600_000;
/** How often a call looks again after leases were drawn, before the authority decides it. */
const LOOKS_MAX = 12;

/** The legs that a settlement names itself, for who does not remember its call. */
function legsNamedBy(command: Change): OpenCall['legs'] {
  const { legs = [] } = (command.kind === 'settle' ? command.adopt : undefined) ?? {};
  return legs.map((leg) => ({ ...leg, lease: DIRECT }));
}

function isNotFound(outcome: Outcome): boolean {
  return outcome.outcome === 'rejected' && outcome.code === 'reservation_not_found';
}

/** Changes and ends calls. */
export class ChangeOnLeases {
  readonly #context: LeasedContext;

  constructor(context: LeasedContext) {
    this.#context = context;
  }

  async change(command: Change): Promise<Outcome> {
    const call = this.#context.calls.get(command.reservation);
    if (call?.place === 'direct') return this.#changeDirect(command, call);
    let areAway = true;
    if (this.#context.gate.isOpen) {
      try {
        const outcome = await this.#changeOnCopies(command, call);
        if (outcome !== undefined) return outcome;
        areAway = false;
      } catch (error) {
        if (!isAway(error)) throw error;
      }
    }
    const outcome = await this.#changePastCopies(command, call);
    // The copies may hold what nobody else knows of: a reservation of which the answer was lost. It is given up by this.
    if (areAway && command.kind === 'release' && isNotFound(outcome)) {
      this.#context.releaseOnCopies(command.reservation, LIFE_MS_MAX);
    }
    return outcome;
  }

  /** The answer of the copies; nothing when they do not know the reservation. */
  async #changeOnCopies(command: Change, call: OpenCall | undefined): Promise<Outcome | undefined> {
    const accounts = call?.legs.map(({ account }) => account);
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      const answer = await this.#context.ask({ ...command, accounts });
      switch (answer.answer) {
        case 'done': {
          const now = this.#noteChange(command, call, answer);
          const more = this.#more(command, call, answer, now);
          if (more !== undefined) await more;
          const amount = command.kind === 'extend' ? (command.amount ?? ZERO) : ZERO;
          return this.#context.done(answer, amount);
        }
        case 'short': {
          const legs = answer.copies.map(legOfCopy);
          const wanted = command.kind === 'extend' ? (command.amount ?? ZERO) : ZERO;
          const more = Math.max(0, wanted - (await this.#heldFor(command, call))) as Amount;
          const denied = await drawForCall(this.#context, answer, legs, more);
          if (denied !== undefined) return denied;
          break;
        }
        case 'rejected':
          return { outcome: 'rejected', code: answer.code };
        default:
          return undefined;
      }
    }
    return undefined;
  }

  /** What is set aside for the call. Who has not reserved it asks the copies. */
  async #heldFor({ reservation }: Change, call: OpenCall | undefined): Promise<number> {
    const answer = await this.#context.ask({
      kind: 'find',
      reservation,
      accounts: call?.legs.map(({ account }) => account),
    });
    const found = answer.answer === 'found' ? answer.found : call?.found;
    return Math.max(found?.amount ?? 0, found?.spent ?? 0);
  }

  /** What is left to be done before the caller is answered: of nearly all calls nothing, and nothing is waited for. */
  #more(
    command: Change,
    call: OpenCall | undefined,
    answer: DoneAnswer,
    now: OpenCall,
  ): Promise<void> | undefined {
    // Legs whose copies were replaced are known to the authority alone.
    const { accounts } = answer.found.reservation;
    const elsewhere =
      command.kind === 'expire'
        ? []
        : (call?.legs ?? legsNamedBy(command)).filter(({ account }) => !accounts.includes(account));
    if (elsewhere.length > 0 || this.#isForLedger(command)) {
      return this.#tellLedger(command, answer, { before: call ?? now, now, elsewhere });
    }
    return command.kind === 'extend' ? undefined : this.#context.giveBackExcess(answer.copies);
  }

  /** Whether the answer must not rest on the copies alone. */
  #isForLedger(command: Change): boolean {
    const { restsOn } = this.#context.options;
    if (restsOn === 'journal-home') return isEnd(command);
    return command.kind === 'settle' && command.ack === 'ledger';
  }

  async #tellLedger(
    command: Change,
    answer: DoneAnswer,
    call: {
      readonly before: OpenCall;
      readonly now: OpenCall;
      readonly elsewhere: OpenCall['legs'];
    },
  ): Promise<void> {
    const { authority, options } = this.#context;
    const { before, now, elsewhere } = call;
    const standing = standingAfter(command, answer);
    if (elsewhere.length > 0) {
      await authority.executeAll(reportsOfCall(before, standing, false, elsewhere));
      options.onPastCopies?.();
    }
    if (this.#isForLedger(command)) {
      if (options.restsOn === 'journal-home') {
        await options.bringHome?.(options.shardOf(tenantOf(command.reservation)));
      } else await authority.executeAll(reportsOfCall(now, standing, true));
    }
    if (command.kind !== 'extend') await this.#context.giveBackExcess(answer.copies);
  }

  async #changeDirect(command: Change, call: OpenCall): Promise<Outcome> {
    const outcome = await this.#context.fallback.execute(command);
    if (outcome.outcome === 'applied') this.#context.noteDirect(call, command, outcome);
    return outcome;
  }

  /**
   * The copies are away or do not know the reservation: the authority books it under the lease it was
   * reserved on, and the copies are told when they can be.
   */
  async #changePastCopies(command: Change, call: OpenCall | undefined): Promise<Outcome> {
    this.#context.counts.past += 1;
    // What this process remembers says more than what the caller would have it booked on.
    const isRemembered = call !== undefined && command.kind !== 'expire';
    const outcome = await this.#context.authority.execute(
      isRemembered && command.kind === 'settle' ? { ...command, adopt: undefined } : command,
    );
    this.#context.options.onPastCopies?.();
    if (!isNotFound(outcome) || !isRemembered) {
      if (outcome.outcome === 'applied' && call !== undefined)
        this.#context.noteDirect(call, command, outcome);
      return outcome;
    }
    // It was lost with the copies before the journal came home. This process remembers it.
    const nowMs = this.#context.options.time.nowMs();
    await this.#context.authority.executeAll(
      reportsOfCall(call, standingBefore(command, call, nowMs), false),
    );
    const again = await this.#context.authority.execute(command);
    if (again.outcome === 'applied') {
      this.#context.noteDirect(call, command, again);
      // Reported by this very command, not by an earlier one.
      return { ...again, replayed: false };
    }
    return again;
  }

  /** Keeps the call's state, and what was acknowledged until the ledger has it. Returns the call as it is now. */
  #noteChange(command: Change, call: OpenCall | undefined, answer: DoneAnswer): OpenCall {
    const { found, position } = answer;
    const nowMs = this.#context.options.time.nowMs();
    const now = callOnCopies(answer, call?.sinceMs ?? nowMs);
    if (found.state === 'reserved') this.#context.calls.keep(now);
    else this.#context.calls.drop(command.reservation);
    if (isEnd(command)) {
      // Of a repeat the event is in the journal already, nobody here knows where, and whoever was answered
      // first may be dead: this process stands for its own answer.
      this.#context.unconfirmed.add({
        reservation: command.reservation,
        reports: reportsOfCall(now, standingAfter(command, answer), false),
        incarnation: this.#context.gate.incarnation,
        shard: this.#context.options.shardOf(tenantOf(command.reservation)),
        position,
        atMs: nowMs,
      });
    }
    return now;
  }
}
