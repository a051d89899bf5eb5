/**
 * The memory tier: books in this process and `decide` around them; the reference driver of the tier port.
 *
 * Durable only as long as the process, unbounded only by memory: for tests, and for tools that need no
 * history. Keeps every entry and every ended reservation.
 */
import type { LedgerEntry } from '../account/ledger-entry.ts';
import type { Account } from '../account/account.ts';
import type { Amount } from '../amount.ts';
import { isCarry } from '../budget/conversion.ts';
import { budgetOf } from '../budget/budget.ts';
import { BursarError } from '../errors.ts';
import type { AccountId, BudgetId, ReservationId } from '../ids.ts';
import type { Clock } from '../ports/clock.ts';
import {
  LAZY_EXPIRY_MAX,
  LEDGER_PAGE_MAX,
  type ReservationSnapshot,
  SWEEP_MAX,
  type Tier,
} from '../ports/tier.ts';
import { Books } from '../reservation/books.ts';
import type { Command, LegAccount } from '../reservation/command.ts';
import { decide } from '../reservation/decide.ts';
import type { Decision, Policy } from '../reservation/decision.ts';
import type { OutcomeOf } from '../reservation/outcome.ts';
import { snapshotOf } from '../reservation/snapshot.ts';
import type { InstantMs } from '../time.ts';
import {
  type CarryBooks,
  carryCommand,
  carryingOf,
  CarryWatch,
  legOfAccount,
  legsToCarry,
} from './carrying.ts';

/** A tier in this process's memory. */
export class MemoryTier implements Tier {
  readonly name = 'memory';
  readonly #clock: Clock;
  readonly #policy: Policy;
  readonly #books = new Books();
  readonly #entries = new Map<AccountId, LedgerEntry[]>();
  /** Deadlines of open reservations, by account, for lazy expiry; and all of them, for sweeps. */
  readonly #openByAccount = new Map<AccountId, Map<ReservationId, InstantMs>>();
  readonly #open = new Map<ReservationId, InstantMs>();
  readonly #accountsOf = new Map<BudgetId, Set<AccountId>>();
  readonly #watch = new CarryWatch();
  readonly #carryBooks: CarryBooks = {
    account: (id) => this.#books.account(id),
    reservation: (id) => this.#books.reservation(id),
    accountsOf: (budget) =>
      [...(this.#accountsOf.get(budget) ?? [])].flatMap((id) => this.#books.account(id) ?? []),
    entriesOf: (account) => this.#entries.get(account) ?? [],
    openLegsOf: (account) =>
      [...(this.#openByAccount.get(account)?.keys() ?? [])].flatMap(
        (reservation) => this.#books.leg(account, reservation) ?? [],
      ),
  };
  #isClosed = false;

  constructor(options: { readonly clock: Clock } & Policy) {
    this.#clock = options.clock;
    this.#policy = { defaultLimit: options.defaultLimit };
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    this.#assertOpen();
    const nowMs = this.#clock.nowMs();
    for (const leg of legsToCarry(command, (id) => this.#books.account(id))) {
      if (this.#carry(leg, nowMs).length > 0) this.#watch.begin(leg.account, nowMs);
    }
    if (command.kind === 'reserve') {
      const open = command.legs.flatMap(({ account }) => this.#openByAccount.get(account) ?? []);
      this.#expireDue(open, LAZY_EXPIRY_MAX, nowMs);
    }
    return this.#post(decide(this.#books, command, this.#policy, nowMs));
  }

  async sweep(limit: number): Promise<number> {
    this.#assertOpen();
    const nowMs = this.#clock.nowMs();
    const ended = this.#expireDue([this.#open], Math.min(limit, SWEEP_MAX), nowMs);
    for (const id of this.#watch.due(nowMs)) {
      const known = this.#books.account(id);
      const others = known && this.#carry(legOfAccount(known), nowMs);
      this.#watch.looked(id, others ?? [], nowMs);
    }
    return ended;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    return this.#books.account(id);
  }

  async limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#books.limit(budget);
  }

  async reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    return snapshotOf(this.#books, id);
  }

  async nowMs(): Promise<InstantMs> {
    return this.#clock.nowMs();
  }

  async entries(query: {
    readonly account: AccountId;
    readonly before?: number | undefined;
    readonly limit: number;
  }): Promise<readonly LedgerEntry[]> {
    const before = query.before ?? Number.POSITIVE_INFINITY;
    const all = this.#entries.get(query.account) ?? [];
    return all
      .filter((entry) => entry.sequence < before)
      .slice(-Math.min(query.limit, LEDGER_PAGE_MAX))
      .toReversed();
  }

  /** What was booked on each account that has an entry, without what it carries, and when its first one was made. */
  *booked(): Iterable<{
    readonly account: AccountId;
    readonly spent: bigint;
    readonly firstAtMs: InstantMs;
  }> {
    for (const [account, entries] of this.#entries) {
      const [first] = entries;
      if (first === undefined) continue;
      const carried = entries.filter(isCarry).reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      const settled = BigInt(this.#books.account(account)?.settled ?? 0);
      yield { account, spent: settled - carried, firstAtMs: first.atMs };
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  /** Brings an account up to date with what it has to carry, and answers the budget's others of its time. */
  #carry(leg: LegAccount, nowMs: InstantMs): readonly Account[] {
    const carrying = carryingOf(this.#carryBooks, leg.account, leg.period);
    const carry = carryCommand(this.#books, leg, carrying, this.#policy, nowMs);
    if (carry !== undefined) this.#post(decide(this.#books, carry, this.#policy, nowMs));
    return carrying.others;
  }

  /** Expires the first `limit` of `open` that are due; a reservation with legs on several accounts is in there twice. */
  #expireDue(
    open: readonly ReadonlyMap<ReservationId, InstantMs>[],
    limit: number,
    nowMs: InstantMs,
  ): number {
    const due = new Map<ReservationId, InstantMs>();
    for (const deadlines of open) {
      // Most are not due, and every reservation passes all of them.
      for (const [reservation, deadlineAtMs] of deadlines) {
        if (deadlineAtMs <= nowMs) due.set(reservation, deadlineAtMs);
      }
    }
    if (due.size === 0) return 0;
    const first = [...due]
      .toSorted(([idA, a], [idB, b]) => a - b || (idA < idB ? -1 : 1))
      .slice(0, limit);
    for (const [reservation] of first) {
      this.#post(decide(this.#books, { kind: 'expire', reservation }, this.#policy, nowMs));
    }
    return first.length;
  }

  #post<C extends Command>({ outcome, changes }: Decision<OutcomeOf<C>>): OutcomeOf<C> {
    for (const { id } of changes.accounts) {
      if (this.#books.account(id) === undefined) this.#noteOpened(id);
    }
    this.#books.post(changes);
    for (const entry of changes.entries) {
      const entries = this.#entries.get(entry.account);
      if (entries === undefined) this.#entries.set(entry.account, [entry]);
      else entries.push(entry);
    }
    for (const leg of changes.legs) {
      const open = this.#openByAccount.get(leg.account) ?? new Map<ReservationId, InstantMs>();
      this.#openByAccount.set(leg.account, open);
      if (leg.state === 'reserved') {
        open.set(leg.reservation, leg.deadlineAtMs);
        this.#open.set(leg.reservation, leg.deadlineAtMs);
      } else {
        open.delete(leg.reservation);
        this.#open.delete(leg.reservation);
      }
    }
    return outcome;
  }

  #noteOpened(id: AccountId): void {
    const budget = budgetOf(id);
    const accounts = this.#accountsOf.get(budget);
    if (accounts === undefined) this.#accountsOf.set(budget, new Set([id]));
    else accounts.add(id);
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new BursarError('store_unavailable', { message: 'the memory tier is closed' });
    }
  }
}
