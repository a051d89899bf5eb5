/**
 * Copies in this process's memory: the reference driver of the copy store port.
 *
 * `decide` on books whose accounts are the copies. What the Redis scripts do is proven equal to this, reply
 * by reply and state by state; the simulation runs on it; a process that leases from the authority decides
 * on it. Durable only as long as the process: what it journals has to be brought home before it ends.
 */
import type { Leg } from '../account/leg.ts';
import type { Json } from '../account/ledger-entry.ts';
import { type Amount, larger, ZERO } from '../amount.ts';
import type { AccountId, ReservationId } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import {
  CopiesFenced,
  type CopyAnswer,
  type CopyCommand,
  type CopyStore,
  type Dataset,
  type JournalEvent,
  type JournalPosition,
  PLACE_MS,
  TOMBSTONE_MS,
} from '../ports/copy-store.ts';
import { LAZY_EXPIRY_MAX } from '../ports/tier.ts';
import { Books } from '../reservation/books.ts';
import type { Command } from '../reservation/command.ts';
import { decide } from '../reservation/decide.ts';
import type { Done, Outcome } from '../reservation/outcome.ts';
import type { InstantMs } from '../time.ts';
import { freedSlots, limitersOf, slotsOf } from '../reservation/rates.ts';
import { accountOfCopy, type Copy, roomIn } from './copy.ts';
import { copiedOf, type Kept } from './kept.ts';
import { KeptLimiters } from './kept-limiters.ts';
import { KeptReservations } from './kept-reservations.ts';
import { MemoryJournal } from './memory-journal.ts';
import { putRight } from './put-right.ts';

type CommandOf<K extends CopyCommand['kind']> = Extract<CopyCommand, { kind: K }>;

const NO_POLICY = { defaultLimit: ZERO };

/** One shard's copies in memory. */
export class MemoryCopies implements CopyStore {
  readonly name = 'memory';
  readonly shards = 1;
  readonly #clock: Clock;
  readonly #lineage: string;
  #copies = new Map<AccountId, Copy>();
  #places = new Map<AccountId, { readonly ticket: number; readonly atMs: InstantMs }>();
  #kept: KeptReservations;
  #journal = new MemoryJournal();
  #limiters = new KeptLimiters();
  #incarnation = 0;
  #writtenBy: string | null = null;
  #adopted: number | undefined;

  /**
   * `lineage` names this store; a process makes a new one each time. `rememberMs` is for how long an ended
   * reservation is known at least; afterwards the authority is asked.
   */
  constructor(options: {
    readonly clock: Clock;
    readonly lineage: string;
    readonly rememberMs?: number;
  }) {
    this.#clock = options.clock;
    this.#lineage = options.lineage;
    this.#kept = new KeptReservations(options.rememberMs ?? TOMBSTONE_MS);
  }

  async execute(command: CopyCommand): Promise<CopyAnswer> {
    this.#assertAdopted();
    return this.executeNow(command);
  }

  /** The same, at once: whoever decides in memory need not wait a turn. */
  executeNow(command: CopyCommand): CopyAnswer {
    const nowMs = this.#clock.nowMs();
    switch (command.kind) {
      case 'reserve':
        return this.#reserve(command, nowMs);
      case 'extend':
      case 'settle':
      case 'release':
      case 'expire':
        return this.#change(command, nowMs);
      case 'sweep':
        return { answer: 'swept', ended: this.#sweep([command.account], command.limit, nowMs) };
      case 'prepare':
        return this.#prepare(command, nowMs);
      case 'install':
        return this.#install(command);
      case 'apply':
        return this.#apply(command);
      case 'recall':
        return this.#recall(command);
      case 'correct':
        return this.#correct(command, nowMs);
      case 'read':
        return { answer: 'copy', copy: this.#copies.get(command.account) ?? null };
      case 'find': {
        const kept = this.#find(command.reservation, nowMs);
        return kept === undefined
          ? { answer: 'unknown' }
          : { answer: 'found', found: copiedOf(kept) };
      }
    }
  }

  async due(_shard: number, limit: number): Promise<readonly AccountId[]> {
    this.#assertAdopted();
    return this.#kept.dueAccounts(limit, this.#clock.nowMs());
  }

  async journal(
    _shard: number,
    after: JournalPosition,
    limit: number,
  ): Promise<readonly JournalEvent[]> {
    this.#assertAdopted();
    return this.#journal.after(after, limit);
  }

  async trim(_shard: number, upTo: JournalPosition, olderThanMs: number): Promise<void> {
    this.#assertAdopted();
    this.#journal.trim(upTo, this.#clock.nowMs() - olderThanMs);
  }

  async inspect(): Promise<Dataset> {
    return {
      lineage: this.#lineage,
      incarnation: this.#incarnation,
      writtenBy: this.#writtenBy,
    };
  }

  async adopt(incarnation: number, lineage: string, found = 0): Promise<boolean> {
    if (incarnation < this.#incarnation || this.#incarnation < found) return false;
    if (incarnation > this.#incarnation) {
      // Copies of an older incarnation are not used again; what was journaled stays to be brought home.
      this.#copies.clear();
      this.#places.clear();
      this.#kept.clear();
    }
    this.#incarnation = incarnation;
    this.#writtenBy = lineage;
    this.#adopted = incarnation;
    return true;
  }

  async close(): Promise<void> {
    this.#adopted = undefined;
  }

  /**
   * The same data in another store, as a restart, a replica or an old snapshot brings them: not adopted, and
   * under another lineage. Nothing is shared: what is kept is never changed in place.
   */
  copyAs(lineage: string): MemoryCopies {
    const other = new MemoryCopies({ clock: this.#clock, lineage });
    other.#copies = new Map(this.#copies);
    other.#places = new Map(this.#places);
    other.#kept = this.#kept.copy();
    other.#journal = this.#journal.copy();
    other.#limiters = this.#limiters.copy();
    other.#incarnation = this.#incarnation;
    other.#writtenBy = this.#writtenBy;
    return other;
  }

  /** As if somebody deleted the copy's key. */
  forget(account: AccountId): void {
    this.#copies.delete(account);
    this.#places.delete(account);
  }

  /** Every copy, for audits. */
  copies(): readonly Copy[] {
    return [...this.#copies.values()];
  }

  #assertAdopted(): void {
    if (this.#adopted === undefined) throw new CopiesFenced('these copies are not adopted');
  }

  // Commands about reservations.

  #reserve(command: CommandOf<'reserve'>, nowMs: InstantMs): CopyAnswer {
    const { reservation: id, accounts } = command;
    const kept = this.#find(id, nowMs);
    const missing = accounts.filter((account) => !this.#copies.has(account));
    if (kept === undefined && missing.length > 0) return { answer: 'missing', accounts: missing };
    this.#sweep(accounts, LAZY_EXPIRY_MAX, nowMs);
    // The sweep may have ended the very reservation that is repeated.
    const current = this.#find(id, nowMs);
    if (current !== undefined && current.reservation.accounts.length === 0)
      return { answer: 'unknown' };
    const legs = accounts.map((account) => ({ account, period: this.#periodOf(account) }));
    return this.#decide(current, { ...command, legs }, nowMs, null);
  }

  #change(
    command: CommandOf<'extend' | 'settle' | 'release' | 'expire'>,
    nowMs: InstantMs,
  ): CopyAnswer {
    const kept = this.#find(command.reservation, nowMs);
    if (kept === undefined || kept.reservation.accounts.length === 0) return { answer: 'unknown' };
    return this.#decide(kept, command, nowMs, 'detail' in command ? command.detail : null);
  }

  /** Ends due reservations of `accounts`, the earliest first, at most `limit`; returns how many. */
  #sweep(accounts: readonly AccountId[], limit: number, nowMs: InstantMs): number {
    const ids = this.#kept.dueOn(accounts, limit, nowMs);
    for (const reservation of ids) this.#change({ kind: 'expire', reservation }, nowMs);
    return ids.length;
  }

  /** Lets core decide on the copies, keeps what changed, and journals it. */
  #decide(kept: Kept | undefined, command: Command, nowMs: InstantMs, detail: Json): CopyAnswer {
    const books = new Books();
    for (const account of [
      ...(kept?.reservation.accounts ?? []),
      ...('legs' in command ? command.legs.map((leg) => leg.account) : []),
    ]) {
      const copy = this.#copies.get(account);
      if (copy !== undefined) books.post({ accounts: [accountOfCopy(copy)] });
    }
    if (kept !== undefined) books.post({ reservation: kept.reservation, legs: kept.legs });
    const limiters = limitersOf(command, kept?.reservation);
    if (limiters.length > 0) books.post({ limiters: this.#limiters.read(limiters) });
    const { outcome, changes } = decide(books, command, NO_POLICY, nowMs);
    this.#limiters.post(changes.limiters ?? [], nowMs);
    for (const account of changes.accounts) {
      const copy = this.#copyOf(account.id);
      this.#copies.set(account.id, {
        ...copy,
        settled: account.settled,
        reserved: account.reserved,
        sequence: account.sequence,
      });
    }
    books.post(changes);
    if (outcome.outcome !== 'applied') return this.#refusal(outcome, nowMs);
    const reservation = outcome.reservation ?? kept?.reservation;
    if (reservation === undefined) return { answer: 'unknown' };
    const legs = reservation.accounts.flatMap(
      (account) => books.leg(account, reservation.id) ?? [],
    );
    const before = kept?.legs.find((leg) => reservation.accounts.includes(leg.account));
    const next: Kept = { reservation, legs, isJournaled: kept?.isJournaled ?? false };
    const position = changes.legs.length === 0 ? null : this.#keep(next, before, detail, nowMs);
    return this.#done(next, outcome, position, nowMs);
  }

  #done(kept: Kept, outcome: Done, position: JournalPosition | null, nowMs: InstantMs): CopyAnswer {
    return {
      answer: 'done',
      found: copiedOf(kept),
      replayed: outcome.replayed,
      overage: outcome.overage,
      late: outcome.late,
      copies: kept.reservation.accounts.map((account) => this.#copyOf(account)),
      position,
      nowMs,
      ...(outcome.rates === undefined ? {} : { rates: outcome.rates }),
    };
  }

  #refusal(outcome: Exclude<Outcome, Done>, nowMs: InstantMs): CopyAnswer {
    switch (outcome.outcome) {
      case 'denied':
        return {
          answer: 'short',
          shortfalls: outcome.shortfalls,
          copies: outcome.accounts.map(({ id }) => this.#copyOf(id)),
          ...(outcome.rates === undefined ? {} : { rates: outcome.rates }),
        };
      case 'period_mismatch':
        return { answer: 'period_mismatch', nowMs };
      case 'rejected':
        return { answer: 'rejected', code: outcome.code };
    }
  }

  /** Stores a changed reservation, and says so in the journal if the ledger should know. */
  #keep(
    next: Kept,
    before: Leg | undefined,
    detail: Json,
    nowMs: InstantMs,
  ): JournalPosition | null {
    const { reservation, legs } = next;
    const [leg] = legs;
    if (leg === undefined) return null;
    const tellsNews =
      leg.state !== before?.state ||
      leg.spent !== before.spent ||
      leg.amount !== before.amount ||
      leg.dispatched !== before.dispatched;
    // A tentative reservation is nobody's business yet: if it is lost, nothing was spent.
    const isWorthTelling = leg.state !== 'reserved' || leg.dispatched || leg.spent > 0;
    const isTold = tellsNews && isWorthTelling;
    this.#kept.store({ ...next, isJournaled: next.isJournaled || isTold }, nowMs);
    if (!isTold) return null;
    const { fingerprint, terms, createdAtMs } = reservation;
    return this.#journal.append({
      reservation: reservation.id,
      legs: legs.map(({ account, lease }) => {
        const { startAtMs, endAtMs } = this.#copyOf(account);
        return { account, lease, startAtMs, endAtMs };
      }),
      state: leg.state,
      amount: leg.amount,
      spent: leg.spent,
      deadlineAtMs: leg.deadlineAtMs,
      dispatched: leg.dispatched,
      atMs: nowMs,
      detail,
      ...(next.isJournaled ? {} : { made: { fingerprint, terms, createdAtMs } }),
    });
  }

  /** The reservation, with those of its accounts that are still on the lease they were reserved under. */
  #find(id: ReservationId, nowMs: InstantMs): Kept | undefined {
    const kept = this.#kept.find(id, nowMs);
    if (kept === undefined) return undefined;
    const legs = kept.legs.filter(
      ({ account, lease }) => this.#copies.get(account)?.lease === lease,
    );
    const accounts = legs.map(({ account }) => account);
    return { ...kept, reservation: { ...kept.reservation, accounts }, legs };
  }

  // Commands about copies.

  #prepare({ account, above }: CommandOf<'prepare'>, nowMs: InstantMs): CopyAnswer {
    const copy = this.#copies.get(account);
    if (copy !== undefined) return { answer: 'copy', copy };
    const place = this.#places.get(account);
    if (place !== undefined && above < place.ticket && nowMs < place.atMs + PLACE_MS) {
      return { answer: 'busy', forMs: place.atMs + PLACE_MS - nowMs };
    }
    const ticket = Math.max(place?.ticket ?? 0, above) + 1;
    this.#places.set(account, { ticket, atMs: nowMs });
    return { answer: 'prepared', ticket };
  }

  #install(command: CommandOf<'install'>): CopyAnswer {
    const { account, lease, startAtMs, endAtMs, drawn, sequence, elsewhere } = command;
    const current = this.#copies.get(account);
    if (current !== undefined) {
      return { answer: 'copy', copy: current.lease === lease ? current : null };
    }
    if (this.#places.get(account)?.ticket !== command.ticket) return { answer: 'copy', copy: null };
    this.#places.delete(account);
    const copy: Copy = {
      account,
      lease,
      startAtMs,
      endAtMs,
      drawn,
      returned: ZERO,
      settled: ZERO,
      reserved: ZERO,
      sequence,
      elsewhere,
    };
    this.#copies.set(account, copy);
    return { answer: 'copy', copy };
  }

  #apply({ account, lease, drawn, elsewhere }: CommandOf<'apply'>): CopyAnswer {
    const copy = this.#copies.get(account);
    if (copy?.lease !== lease) return { answer: 'copy', copy: null };
    const next = { ...copy, drawn: larger(copy.drawn, drawn), elsewhere };
    this.#copies.set(account, next);
    return { answer: 'copy', copy: next };
  }

  #recall({ account, lease, retire }: CommandOf<'recall'>): CopyAnswer {
    const copy = this.#copies.get(account);
    if (copy?.lease !== lease) return { answer: 'copy', copy: null };
    const next: Copy = {
      ...copy,
      returned: (copy.returned + roomIn(copy)) as Amount,
      sequence: copy.sequence + 1,
    };
    const isOpen = this.#kept.openOn(account).some((leg) => leg.lease === lease);
    if (retire && !isOpen) this.#copies.delete(account);
    else this.#copies.set(account, next);
    return { answer: 'copy', copy: next };
  }

  #correct({ reservation, corrections }: CommandOf<'correct'>, nowMs: InstantMs): CopyAnswer {
    const known = this.#find(reservation, nowMs);
    const right = putRight(
      (account) => this.#copies.get(account),
      reservation,
      known,
      corrections,
      nowMs,
    );
    if (right === undefined) return { answer: 'unknown' };
    for (const copy of right.copies) this.#copies.set(copy.account, copy);
    this.#kept.store(right.kept, nowMs);
    const slots = slotsOf(right.kept.reservation);
    const freed = slots.map(({ limiter }) =>
      freedSlots(this.#limiters, right.kept.reservation, limiter, nowMs),
    );
    this.#limiters.post(freed, nowMs);
    return { answer: 'found', found: copiedOf(right.kept) };
  }

  #periodOf(account: AccountId) {
    const copy = this.#copies.get(account);
    // Not used: an account without a copy is not asked for by whoever gets this far.
    const { startAtMs = 0, endAtMs = 0 } = copy ?? {};
    return { id: '', startAtMs: startAtMs as InstantMs, endAtMs: endAtMs as InstantMs };
  }

  #copyOf(account: AccountId): Copy {
    const copy = this.#copies.get(account);
    if (copy === undefined) throw new CopiesFenced('a copy vanished');
    return copy;
  }
}
