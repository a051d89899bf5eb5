/** The pure functions on plain books, as a tier: what every other tier has to decide. */
import {
  type Account,
  type AccountId,
  type Amount,
  Books,
  type BudgetId,
  type Clock,
  type Command,
  decide,
  type InstantMs,
  LAZY_EXPIRY_MAX,
  type OutcomeOf,
  type ReservationId,
  snapshotOf,
  type Tier,
} from '@bursar/core';

/** Decides with core and nothing else. */
export class PureTier implements Tier {
  readonly name = 'pure';
  readonly #books = new Books();
  readonly #open = new Map<
    ReservationId,
    { readonly dueAtMs: InstantMs; readonly accounts: readonly AccountId[] }
  >();
  readonly #clock: Clock;
  readonly #defaultLimit: Amount;

  constructor(options: { readonly clock: Clock; readonly defaultLimit: Amount }) {
    this.#clock = options.clock;
    this.#defaultLimit = options.defaultLimit;
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    if (command.kind === 'reserve') {
      const named = new Set(command.legs.map(({ account }) => account));
      this.#expire(LAZY_EXPIRY_MAX, (account) => named.has(account));
    }
    return this.#decide(command);
  }

  async sweep(limit: number): Promise<number> {
    return this.#expire(limit, () => true);
  }

  async account(id: AccountId): Promise<Account | undefined> {
    return this.#books.account(id);
  }

  async limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.#books.limit(budget);
  }

  async reservation(id: ReservationId): ReturnType<Tier['reservation']> {
    return snapshotOf(this.#books, id);
  }

  async nowMs(): Promise<InstantMs> {
    return this.#clock.nowMs();
  }

  async entries(): ReturnType<Tier['entries']> {
    return [];
  }

  async close(): Promise<void> {}

  #expire(limit: number, isMeant: (account: AccountId) => boolean): number {
    const due = [...this.#open]
      .filter(([, { dueAtMs }]) => dueAtMs <= this.#clock.nowMs())
      .filter(([, { accounts }]) => accounts.some(isMeant))
      .toSorted(([a, { dueAtMs: x }], [b, { dueAtMs: y }]) => x - y || (a < b ? -1 : 1))
      .slice(0, limit);
    for (const [reservation] of due) this.#decide({ kind: 'expire', reservation });
    return due.length;
  }

  #decide<C extends Command>(command: C): OutcomeOf<C> {
    const policy = { defaultLimit: this.#defaultLimit };
    const { outcome, changes } = decide(this.#books, command, policy, this.#clock.nowMs());
    this.#books.post(changes);
    for (const { reservation, state, deadlineAtMs: dueAtMs } of changes.legs) {
      const accounts = this.#books.reservation(reservation)?.accounts ?? [];
      if (state === 'reserved') this.#open.set(reservation, { dueAtMs, accounts });
      else this.#open.delete(reservation);
    }
    return outcome;
  }
}
