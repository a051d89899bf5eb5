/**
 * Reserving on leases: on the copies while they are well, by the authority where it must be, and never twice.
 */
import {
  type CopyCommand,
  DIRECT,
  type InstantMs,
  type Outcome,
  type Reserve,
  wholeAccount,
} from '@bursar/core';
import { isAway, isUnknown } from './away.ts';
import { drawForCall } from './draw-for-call.ts';
import type { LeasedContext } from './leased-context.ts';
import { callOnCopies, type DoneAnswer, type ShortAnswer, tenantOf } from './standing.ts';

/** How often a call looks again after leases were opened or drawn, before the authority decides it. */
const LOOKS_MAX = 12;

/** Begins calls. */
export class ReserveOnLeases {
  readonly #context: LeasedContext;

  constructor(context: LeasedContext) {
    this.#context = context;
  }

  async reserve(command: Reserve): Promise<Outcome> {
    const { calls, unconfirmed, counts, options } = this.#context;
    calls.assertRoom();
    unconfirmed.assertRoom();
    const outcome = await this.#reserveOnce(command);
    if (outcome.outcome !== 'denied' || outcome.shortfalls.length === 0) return outcome;
    const getBack =
      options.reclaim ?? (this.#isForLimitersBelow(command) ? options.giveUp : undefined);
    if (getBack === undefined) return outcome;
    if (!(await getBack(outcome.shortfalls.map(({ account }) => account)))) return outcome;
    counts.reclaimed += 1;
    return this.#reserveOnce(command);
  }

  #reserveOnce(command: Reserve): Promise<Outcome> {
    const known = this.#context.calls.get(command.reservation);
    const isForCopies = known === undefined && this.#isForCopies(command);
    if (known?.place !== 'copies' && !isForCopies) return this.#reserveDirect(command);
    return this.#reserveOnCopies(command, known !== undefined).then(
      (outcome) => outcome ?? this.#reserveDirect(command),
      (error: unknown) => this.#reserveWithoutCopies(command, error),
    );
  }

  /** The copies could not say: because of `error`, which is thrown again if it is another one than that they are away. */
  async #reserveWithoutCopies(command: Reserve, error: unknown): Promise<Outcome> {
    if (!isAway(error)) throw error;
    const outcome = await this.#reserveDirect(command);
    // The copies may hold it too, if only their answer was lost. Only a call that is covered elsewhere may
    // give that up: any other may still be told, on a repeat, that the copies hold it.
    if (isUnknown(error) && this.#context.calls.get(command.reservation)?.place === 'direct') {
      const { reservation, legs, ttlMs } = command;
      const accounts = legs.map(({ account }) => account);
      this.#context.releaseOnCopies(reservation, ttlMs, accounts);
    }
    return outcome;
  }

  #isForCopies(command: Reserve): boolean {
    const { reservation, legs } = command;
    const { gate, options } = this.#context;
    if (this.#isForLimitersBelow(command)) return false;
    const isScarce = legs.some(({ account }) => options.isScarce?.(account));
    return !isScarce && gate.takes(tenantOf(reservation));
  }

  /** Whether only the authority knows the limiters that the call takes from. */
  #isForLimitersBelow({ rates = [] }: Reserve): boolean {
    return rates.length > 0 && this.#context.options.limitersAre === 'authority';
  }

  /** The answer of the copies; nothing when the authority has to decide. */
  async #reserveOnCopies(command: Reserve, isRepeat: boolean): Promise<Outcome | undefined> {
    const { reservation, fingerprint, legs, amount, ttlMs, terms, rates } = command;
    const behind = isRepeat ? undefined : this.#context.terms.catchUp(legs);
    if (behind !== undefined) {
      const refused = await behind;
      if (refused !== undefined) return refused;
    }
    const accounts = legs.map(({ account }) => account);
    const ask: CopyCommand = {
      kind: 'reserve',
      reservation,
      fingerprint,
      accounts,
      amount,
      ttlMs,
      terms,
      ...(rates === undefined ? {} : { rates }),
    };
    for (let look = 0; look < LOOKS_MAX; look += 1) {
      if (look > 0) this.#context.counts.lookedAgain += 1;
      const answer = await this.#context.ask(ask);
      switch (answer.answer) {
        case 'done':
          this.#context.counts.onCopies += 1;
          this.#noteCall(answer);
          return this.#context.done(answer, amount);
        case 'missing': {
          const { mayLease } = this.#context.options;
          if (mayLease !== undefined && !answer.accounts.every(mayLease)) return undefined;
          await this.#context.desk.open(
            legs.filter(({ account }) => answer.accounts.includes(account)),
            amount,
          );
          break;
        }
        case 'short': {
          const denied = await this.#denied(answer, command);
          if (denied !== undefined) return denied;
          break;
        }
        case 'period_mismatch':
          return { outcome: 'period_mismatch', nowMs: answer.nowMs };
        case 'rejected':
          return { outcome: 'rejected', code: answer.code };
        case 'unknown':
          return this.#context.authority.execute(command);
        default:
          return undefined;
      }
    }
    return undefined;
  }

  /** The refusal, when neither drawing nor looking again can help: budgets that are short, limiters that refuse. */
  async #denied(answer: ShortAnswer, { legs, amount }: Reserve): Promise<Outcome | undefined> {
    const { shortfalls, copies, rates } = answer;
    const denied =
      shortfalls.length === 0 ? undefined : await drawForCall(this.#context, answer, legs, amount);
    if (rates === undefined || denied?.outcome === 'rejected') return denied;
    if (denied?.outcome === 'denied') return { ...denied, rates };
    // What was drawn may still not be enough, and then the budget is a reason too.
    if (shortfalls.length > 0 || rates.every(({ admits }) => admits)) return undefined;
    const accounts = copies.map((copy) => wholeAccount(copy, DIRECT));
    return { outcome: 'denied', shortfalls: [], accounts, rates };
  }

  async #reserveDirect(command: Reserve): Promise<Outcome> {
    this.#context.counts.direct += 1;
    const outcome = await this.#context.fallback.execute(command);
    if (outcome.outcome === 'applied' && outcome.state === 'reserved') {
      this.#context.calls.keep({
        reservation: command.reservation,
        place: 'direct',
        fingerprint: command.fingerprint,
        terms: command.terms,
        legs: command.legs.map((leg) => ({ ...leg, lease: DIRECT })),
        found: {
          amount: outcome.amount,
          spent: outcome.spent,
          deadlineAtMs: outcome.deadlineAtMs ?? (0 as InstantMs),
          dispatched: false,
        },
        sinceMs: this.#context.options.time.nowMs(),
      });
    }
    return outcome;
  }

  #noteCall(answer: DoneAnswer): void {
    if (answer.found.state !== 'reserved') return;
    this.#context.calls.keep(callOnCopies(answer, this.#context.options.time.nowMs()));
  }
}
