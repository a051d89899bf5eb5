/**
 * What this process last saw of calls and accounts while a store decided: all it has to go by when none does.
 *
 * Bounded, and nothing rests on it but the quality of an answer: a call that was forgotten is still settled,
 * an account that was forgotten is bound by the allowance alone.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  type Command,
  type Ingest,
  type InstantMs,
  type Outcome,
  type Reservation,
  type ReservationId,
  type ReservationSnapshot,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import { periodOf } from '../leasing/reports.ts';
import { RecentCalls } from '../stores/recent-calls.ts';

/** Most open calls, and most accounts, that are remembered. */
const CALLS_SEEN_MAX = 50_000;
const ACCOUNTS_SEEN_MAX = 50_000;

/** A call that a store has reserved, as it last stood. */
export interface SeenCall {
  readonly reservation: Reservation;
  /** What it is booked on, should the store forget it. */
  readonly legs: readonly Ingest['leg'][];
  readonly amount: Amount;
  readonly spent: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
}

/** Open calls and accounts, as stores last answered. */
export class LastSeen {
  readonly #calls = new RecentCalls<SeenCall>(CALLS_SEEN_MAX);
  readonly #accounts = new LRUCache<AccountId, Account>({ max: ACCOUNTS_SEEN_MAX });

  /** Takes in what a store has answered. */
  note(command: Command, outcome: Outcome): void {
    if (outcome.outcome !== 'applied' && outcome.outcome !== 'denied') return;
    for (const account of outcome.accounts) this.#accounts.set(account.id, account);
    if (outcome.outcome === 'denied' || !('reservation' in command)) return;
    const { reservation, state, amount, spent, deadlineAtMs } = outcome;
    if (state !== 'reserved' || reservation === undefined || deadlineAtMs === null) {
      this.#calls.delete(command.reservation);
      return;
    }
    const before = this.#calls.get(command.reservation);
    this.#calls.set(command.reservation, {
      reservation,
      legs: outcome.accounts.map(({ id, startAtMs, endAtMs }) => ({
        account: id,
        period: periodOf(id, startAtMs, endAtMs),
      })),
      amount,
      spent,
      deadlineAtMs,
      dispatched: before?.dispatched === true || (command.kind === 'extend' && command.dispatched),
    });
  }

  call(id: ReservationId): SeenCall | undefined {
    return this.#calls.get(id);
  }

  account(id: AccountId): Account | undefined {
    return this.#accounts.get(id);
  }

  /** The reservation as it last stood; nothing if it ended or was forgotten. */
  reservation(id: ReservationId): ReservationSnapshot | undefined {
    const call = this.#calls.get(id);
    if (call === undefined) return undefined;
    const { legs: _legs, ...snapshot } = call;
    return { ...snapshot, state: 'reserved' };
  }
}
