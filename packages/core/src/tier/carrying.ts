/**
 * Carrying spend over in tiers that keep their books in memory, and which commands are a reason to look.
 *
 * The rule is `carryOver`; here it is asked of whole books. A database asks its own rows the same.
 */
import type { Account } from '../account/account.ts';
import { isNewerTerms } from '../account/account-terms.ts';
import { held, type Leg } from '../account/leg.ts';
import type { LedgerEntry } from '../account/ledger-entry.ts';
import { accountParts, budgetOf } from '../budget/budget.ts';
import {
  CARRY_DETAIL,
  CARRY_WATCH_MS,
  carryOver,
  type CarryView,
  isCarry,
  nextCarryLookMs,
} from '../budget/conversion.ts';
import { type AccountId, type BudgetId, DIRECT, type ReservationId } from '../ids.ts';
import type { BooksReader } from '../reservation/books.ts';
import type { Administer, Command, LegAccount } from '../reservation/command.ts';
import { accountOnTerms, type Policy } from '../reservation/decision.ts';
import type { Reservation } from '../reservation/reservation.ts';
import type { InstantMs } from '../time.ts';

/** Books that can say what an account has to carry. */
export interface CarryBooks {
  account(id: AccountId): Account | undefined;
  reservation(id: ReservationId): Reservation | undefined;
  accountsOf(budget: BudgetId): Iterable<Account>;
  entriesOf(account: AccountId): Iterable<LedgerEntry>;
  openLegsOf(account: AccountId): Iterable<Leg>;
}

/** What an account has to carry, apart from whether it has a limit. */
export type CarriedSums = Omit<CarryView, 'isLimited'>;

/** What an account has to carry, and what that comes from. */
export interface Carrying extends CarriedSums {
  /** The budget's other accounts with instants in common; what is carried may change with them. */
  readonly others: readonly Account[];
}

/** Everything that a command may be charged to. */
export function legsCharged(command: Command): readonly LegAccount[] {
  if (command.kind === 'reserve') return command.legs;
  if (command.kind === 'settle') return command.adopt?.legs ?? [];
  if (command.kind === 'setTerms') return [{ ...command.leg, terms: command.terms }];
  return 'leg' in command ? [command.leg] : [];
}

/**
 * The legs of `command` whose accounts have to be looked at before it is decided: those that it opens, and those
 * that it puts on newer terms, because every change of a rule comes with some.
 */
export function legsToCarry(
  command: Command,
  account: (id: AccountId) => Account | undefined,
): readonly LegAccount[] {
  return legsCharged(command).filter(({ account: id, terms }) => {
    const known = account(id);
    return known === undefined || (terms !== undefined && isNewerTerms(terms, known.terms));
  });
}

/** The adjustment that brings the account of `leg` up to date with `sums`, once it is on the leg's terms. */
export function carryCommand(
  books: BooksReader,
  leg: LegAccount,
  sums: CarriedSums,
  policy: Policy,
  nowMs: InstantMs,
): Administer | undefined {
  const { account } = accountOnTerms(books, leg, policy, nowMs);
  const carry = carryOver({ ...sums, isLimited: account.limit !== null });
  return carry && { kind: 'adjust', leg, ...carry, detail: CARRY_DETAIL };
}

/** The leg of a command about an account that exists. */
export function legOfAccount({ id, startAtMs, endAtMs }: Account): LegAccount {
  return { account: id, period: { id: accountParts(id).period, startAtMs, endAtMs } };
}

/** Accounts of which it is looked now and then whether they have more to carry. */
export class CarryWatch {
  readonly #watched: Map<AccountId, { readonly sinceMs: InstantMs; readonly lookMs: InstantMs }>;

  constructor(from?: CarryWatch) {
    this.#watched = new Map(from === undefined ? [] : from.#watched);
  }

  /** Begins at `nowMs`, again if it has begun before. */
  begin(id: AccountId, nowMs: InstantMs): void {
    this.#watched.set(id, { sinceMs: nowMs, lookMs: nextCarryLookMs(nowMs, nowMs) });
  }

  /** Accounts to look at now. Each has to be told of with `looked`. */
  due(nowMs: InstantMs): readonly AccountId[] {
    return [...this.#watched].filter(([, { lookMs }]) => lookMs <= nowMs).map(([id]) => id);
  }

  /** `others`: as they are now. Ends when nothing is expected from them any more. */
  looked(id: AccountId, others: readonly Account[], nowMs: InstantMs): void {
    const { sinceMs = nowMs } = this.#watched.get(id) ?? {};
    const isQuiet = others.every(({ reserved, leased }) => reserved + leased === 0);
    if (isQuiet && nowMs - sinceMs >= CARRY_WATCH_MS) this.#watched.delete(id);
    else this.#watched.set(id, { sinceMs, lookMs: nextCarryLookMs(sinceMs, nowMs) });
  }
}

/** What the account `id`, of the period from `startAtMs` to `endAtMs`, has to carry by `books`. */
export function carryingOf(
  books: CarryBooks,
  id: AccountId,
  { startAtMs, endAtMs }: { readonly startAtMs: InstantMs; readonly endAtMs: InstantMs },
): Carrying {
  const isWithin = (atMs: InstantMs) => atMs >= startAtMs && atMs < endAtMs;
  const others = [...books.accountsOf(budgetOf(id))].filter(
    (other) => other.id !== id && other.startAtMs < endAtMs && other.endAtMs > startAtMs,
  );
  const carries = [...books.entriesOf(id)].filter(isCarry);
  const madeAtMs = (reservation: ReservationId) => books.reservation(reservation)?.createdAtMs;
  let booked = 0n;
  let reserved = 0n;
  let leased = 0n;
  for (const other of others) {
    leased += BigInt(other.leased);
    for (const entry of books.entriesOf(other.id)) {
      const { kind, reservation, atMs } = entry;
      if (isCarry(entry) || kind === 'grant' || kind === 'limit' || atMs < startAtMs) continue;
      const sinceMs = reservation === null ? atMs : (madeAtMs(reservation) ?? atMs);
      if (isWithin(sinceMs)) booked += BigInt(entry.amount);
    }
    for (const leg of books.openLegsOf(other.id)) {
      const sinceMs = madeAtMs(leg.reservation);
      // On a lease it is inside of what is leased.
      if (leg.lease !== DIRECT || sinceMs === undefined || !isWithin(sinceMs)) continue;
      reserved += BigInt(held(leg));
    }
  }
  const carried = carries.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
  return { others, booked, reserved, leased, carried, carries: carries.length };
}
