/**
 * The reservations that a copy store in memory knows: open ones with an index by account, ended ones in
 * buckets of time that are forgotten as a whole.
 *
 * An account's earliest deadline is kept as a lower bound, so that looking for due reservations costs nothing
 * while there are none.
 */
import type { Leg } from '../account/leg.ts';
import type { AccountId, ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { Kept } from './kept.ts';

/** What is open on one account. */
interface OpenOnAccount {
  readonly ids: Set<ReservationId>;
  /** No deadline is before this. */
  earliestMs: number;
}

/** Reservations by id. */
export class KeptReservations {
  readonly #rememberMs: number;
  #open = new Map<ReservationId, Kept>();
  #byAccount = new Map<AccountId, OpenOnAccount>();
  #ended = new Map<number, Map<ReservationId, Kept>>();

  /** Ended reservations are remembered for `rememberMs` at least, and twice as long at most. */
  constructor(rememberMs: number) {
    this.#rememberMs = rememberMs;
  }

  find(id: ReservationId, nowMs: InstantMs): Kept | undefined {
    const bucket = this.#bucketAt(nowMs);
    return (
      this.#open.get(id) ?? this.#ended.get(bucket)?.get(id) ?? this.#ended.get(bucket - 1)?.get(id)
    );
  }

  store(kept: Kept, nowMs: InstantMs): void {
    const { id } = kept.reservation;
    this.#forgetOpen(id);
    if (kept.legs.some(({ state }) => state === 'reserved')) {
      this.#open.set(id, kept);
      for (const leg of kept.legs) this.#index(leg);
      return;
    }
    const bucket = this.#bucketAt(nowMs);
    const ended = this.#ended.get(bucket) ?? new Map<ReservationId, Kept>();
    this.#ended.set(bucket, ended.set(id, kept));
    for (const old of this.#ended.keys()) if (old < bucket - 1) this.#ended.delete(old);
  }

  /** At most `limit` reservations that are due on `accounts`, the earliest first. */
  dueOn(accounts: readonly AccountId[], limit: number, nowMs: InstantMs): readonly ReservationId[] {
    const due = accounts.flatMap((account) => this.#dueLegs(account, nowMs));
    const ids = due.toSorted(byDeadline).map(({ reservation }) => reservation);
    return [...new Set(ids)].slice(0, limit);
  }

  /** At most `limit` accounts on which something is due, that of the earliest first. */
  dueAccounts(limit: number, nowMs: InstantMs): readonly AccountId[] {
    const due = [...this.#byAccount.keys()].flatMap((account) => this.#dueLegs(account, nowMs));
    const accounts = due.toSorted(byDeadline).map(({ account }) => account);
    return [...new Set(accounts)].slice(0, limit);
  }

  /** The open legs on `account`. */
  openOn(account: AccountId): readonly Leg[] {
    const ids = this.#byAccount.get(account)?.ids ?? [];
    return [...ids].flatMap(
      (id) => this.#open.get(id)?.legs.filter((leg) => leg.account === account) ?? [],
    );
  }

  clear(): void {
    this.#open.clear();
    this.#byAccount.clear();
    this.#ended.clear();
  }

  /** The same in other hands. */
  copy(): KeptReservations {
    const other = new KeptReservations(this.#rememberMs);
    other.#open = new Map(this.#open);
    other.#byAccount = new Map(
      [...this.#byAccount].map(([account, { ids, earliestMs }]) => [
        account,
        { ids: new Set(ids), earliestMs },
      ]),
    );
    other.#ended = new Map([...this.#ended].map(([bucket, ended]) => [bucket, new Map(ended)]));
    return other;
  }

  #dueLegs(account: AccountId, nowMs: InstantMs): readonly Leg[] {
    const open = this.#byAccount.get(account);
    if (open === undefined || open.earliestMs > nowMs) return [];
    const legs = this.openOn(account).filter(({ state }) => state === 'reserved');
    open.earliestMs = legs.reduce(
      (earliest, leg) => Math.min(earliest, leg.deadlineAtMs),
      Infinity,
    );
    return legs.filter(({ deadlineAtMs }) => deadlineAtMs <= nowMs);
  }

  #index({ account, reservation, deadlineAtMs }: Leg): void {
    const open = this.#byAccount.get(account) ?? { ids: new Set(), earliestMs: Infinity };
    open.ids.add(reservation);
    open.earliestMs = Math.min(open.earliestMs, deadlineAtMs);
    this.#byAccount.set(account, open);
  }

  #forgetOpen(id: ReservationId): void {
    const known = this.#open.get(id);
    if (known === undefined) return;
    this.#open.delete(id);
    for (const { account } of known.legs) {
      const open = this.#byAccount.get(account);
      open?.ids.delete(id);
      if (open?.ids.size === 0) this.#byAccount.delete(account);
    }
  }

  #bucketAt(nowMs: InstantMs): number {
    return Math.floor(nowMs / this.#rememberMs);
  }
}

function byDeadline(a: Leg, b: Leg): number {
  return a.deadlineAtMs - b.deadlineAtMs || (a.reservation < b.reservation ? -1 : 1);
}
