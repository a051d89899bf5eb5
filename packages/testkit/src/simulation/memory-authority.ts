/**
 * The authority in memory: what the PostgreSQL one must do, without its rows, locks and batches.
 *
 * The model for differential tests, and the bottom of simulated worlds, where `snapshot` and `restore` play
 * the failover to an older standby. Assumes that nothing throws in the middle of a batch: a decision does not.
 */
import {
  type Account,
  type AccountId,
  type AskedBack,
  type Amount,
  type Authority,
  type BudgetId,
  BursarError,
  carryCommand,
  carryingOf,
  CarryWatch,
  type Changes,
  type Clock,
  type Command,
  comparePositions,
  type Correction,
  decide,
  DIRECT,
  type DurationMs,
  type EndedLeg,
  type OverdueLease,
  type HolderId,
  isNewerTerms,
  isProcessHolder,
  type InstantMs,
  JOURNAL_START,
  type JournalClaim,
  type JournalPosition,
  LAZY_EXPIRY_MAX,
  type Lease,
  LEDGER_PAGE_MAX,
  type LegAccount,
  legOfAccount,
  legsToCarry,
  type LedgerEntry,
  type Leg,
  type Outcome,
  type OutcomeOf,
  type Policy,
  type ReservationId,
  type ReservationSnapshot,
  type SetAside,
  snapshotOf,
  SUSPECT_GRACE_MS,
  SWEEP_MAX,
  UNKNOWN_HOLDER,
  type Worker,
} from '@bursar/core';
import { AuthorityBooks } from './authority-books.ts';

/** Silent workers are forgotten after a day. */
const SILENT_FORGOTTEN_MS = 86_400_000;

interface State {
  readonly books: AuthorityBooks;
  readonly holders: Map<HolderId, Registered>;
  readonly workers: Map<string, SeenWorker>;
  readonly journals: Map<string, Journal>;
  readonly setAside: Map<string, SetAside>;
  readonly askedBack: Map<HolderId, Map<AccountId, InstantMs>>;
  readonly carrying: CarryWatch;
}

interface Registered {
  readonly incarnation: number;
  readonly lineage: string;
  readonly changedAtMs: number;
}

interface SeenWorker {
  readonly holder: HolderId;
  readonly incarnation: number;
  readonly seenAtMs: number;
  readonly cleanSinceMs: number;
}

interface Journal {
  readonly position: JournalPosition;
  readonly claim: { readonly worker: string; readonly untilMs: number } | undefined;
}

/** Everything an authority knew at one moment. */
export class AuthoritySnapshot {
  readonly #state: State;

  constructor(state: State) {
    this.#state = copyOf(state);
  }

  /** A copy to go on from. */
  state(): State {
    return copyOf(this.#state);
  }
}

/** An authority in this process's memory. */
export class MemoryAuthority implements Authority {
  readonly name = 'memory';
  readonly #clock: Clock;
  readonly #policy: Policy;
  #state: State = {
    books: new AuthorityBooks(),
    holders: new Map(),
    workers: new Map(),
    journals: new Map(),
    setAside: new Map(),
    askedBack: new Map(),
    carrying: new CarryWatch(),
  };
  #isClosed = false;

  constructor(options: { readonly clock: Clock } & Policy) {
    this.#clock = options.clock;
    this.#policy = { defaultLimit: options.defaultLimit };
  }

  /** What it knows now. */
  snapshot(): AuthoritySnapshot {
    return new AuthoritySnapshot(this.#state);
  }

  /** Forgets everything since `snapshot`. */
  restore(snapshot: AuthoritySnapshot): void {
    this.#state = snapshot.state();
  }

  /** Its books, for whoever judges them. */
  get books(): AuthorityBooks {
    return this.#state.books;
  }

  /** Who has attested and not left. */
  workers(): readonly string[] {
    return [...this.#state.workers.keys()];
  }

  /** Events that were set aside. */
  setAsideEvents(): readonly SetAside[] {
    return [...this.#state.setAside.values()];
  }

  async execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    this.#assertOpen();
    return this.#run(command) as OutcomeOf<C>;
  }

  async executeAll(commands: readonly Command[]): Promise<readonly Outcome[]> {
    this.#assertOpen();
    return commands.map((command) => this.#run(command));
  }

  async sweep(limit: number): Promise<number> {
    this.#assertOpen();
    const nowMs = this.#clock.nowMs();
    const due = [...this.books.openLegs()]
      .filter((leg) => leg.deadlineAtMs <= nowMs && !this.#isHeldByOthers(leg, nowMs))
      .toSorted(byDeadline)
      .slice(0, Math.min(limit, SWEEP_MAX));
    const reservations = new Set(due.map(({ reservation }) => reservation));
    const answers = [...reservations].map((reservation) =>
      this.#run({ kind: 'expire', reservation }),
    );
    for (const id of this.#state.carrying.due(nowMs)) {
      const known = this.books.account(id);
      const others = known && this.#carry(legOfAccount(known), nowMs);
      this.#state.carrying.looked(id, others ?? [], nowMs);
    }
    return answers.filter(
      (answer) => answer.outcome === 'applied' && !answer.replayed && answer.state === 'expired',
    ).length;
  }

  async account(id: AccountId): Promise<Account | undefined> {
    return this.books.account(id);
  }

  async limit(budget: BudgetId): Promise<Amount | null | undefined> {
    return this.books.limit(budget);
  }

  async reservation(id: ReservationId): Promise<ReservationSnapshot | undefined> {
    return snapshotOf(this.books, id);
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
    return this.books
      .entries(query.account)
      .filter((entry) => entry.sequence < before)
      .slice(-Math.min(query.limit, LEDGER_PAGE_MAX))
      .toReversed();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async lease(account: AccountId, id: Lease['id']): Promise<Lease | undefined> {
    return this.books.lease(account, id);
  }

  async ended(reservations: readonly ReservationId[]): Promise<readonly EndedLeg[]> {
    return reservations.flatMap((reservation) =>
      (this.books.reservation(reservation)?.accounts ?? []).flatMap((account) => {
        const { state = 'reserved', lease = DIRECT } = this.books.leg(account, reservation) ?? {};
        return state === 'reserved' ? [] : [{ reservation, account, lease, state }];
      }),
    );
  }

  async overdue({
    holder,
    overMs,
    limit,
  }: Parameters<Authority['overdue']>[0]): Promise<readonly OverdueLease[]> {
    const beforeMs = this.#clock.nowMs() - overMs;
    const found = new Map<string, OverdueLease>();
    for (const { account, lease, deadlineAtMs } of this.books.openLegs()) {
      const known = this.books.lease(account, lease);
      if (deadlineAtMs > beforeMs || known?.state !== 'live' || known.holder !== holder) continue;
      const whole = this.books.account(account);
      if (whole !== undefined)
        found.set(`${account} ${lease}`, { leg: legOfAccount(whole), lease });
    }
    return [...found.values()].slice(0, limit);
  }

  async begin(dataset: {
    readonly holder: HolderId;
    readonly lineage: string;
    readonly incarnation: number;
  }): Promise<number> {
    const { holder, lineage, incarnation } = dataset;
    const { holders } = this.#state;
    const registered = holders.get(holder);
    if (registered?.lineage === lineage && registered.incarnation === incarnation) {
      return incarnation;
    }
    const next = Math.max(registered?.incarnation ?? 0, incarnation) + 1;
    const suspectSinceMs = this.#clock.nowMs();
    holders.set(holder, { incarnation: next, lineage, changedAtMs: suspectSinceMs });
    const leases = [...this.books.everyLease()]
      .filter((lease) => lease.holder === holder && lease.state === 'live')
      .map((lease): Lease => ({ ...lease, state: 'suspect', suspectSinceMs }));
    this.books.post({ ...NOTHING, leases }, suspectSinceMs);
    return next;
  }

  async claimJournal(journal: {
    readonly holder: HolderId;
    readonly incarnation: number;
    readonly shard: number;
    readonly worker: string;
    readonly ttlMs: DurationMs;
  }): Promise<JournalClaim | undefined> {
    const key = journalKey(journal);
    const nowMs = this.#clock.nowMs();
    const known = this.#state.journals.get(key);
    const claim = known?.claim;
    if (claim !== undefined && claim.worker !== journal.worker && claim.untilMs > nowMs) {
      return undefined;
    }
    const position = known?.position ?? JOURNAL_START;
    this.#state.journals.set(key, {
      position,
      claim: { worker: journal.worker, untilMs: nowMs + journal.ttlMs },
    });
    return { position };
  }

  async ingest(batch: {
    readonly holder: HolderId;
    readonly incarnation: number;
    readonly shard: number;
    readonly worker: string;
    readonly after: JournalPosition;
    readonly position: JournalPosition;
    readonly commands: readonly Command[];
  }): Promise<readonly Outcome[]> {
    this.#assertOpen();
    const key = journalKey(batch);
    const journal = this.#state.journals.get(key);
    if (journal?.claim?.worker !== batch.worker) {
      throw new BursarError('store_unavailable', {
        message: 'Another worker brings this journal home; nothing was changed.',
        retryAfterMs: 1_000,
      });
    }
    if (comparePositions(journal.position, batch.after) < 0) {
      throw new BursarError('store_unavailable', {
        message: 'The books stand further back in this journal; nothing was changed.',
        retryAfterMs: 1_000,
      });
    }
    const outcomes = batch.commands.map((command) => this.#run(command, batch.holder));
    if (comparePositions(batch.position, journal.position) > 0) {
      this.#state.journals.set(key, { ...journal, position: batch.position });
    }
    return outcomes;
  }

  async positions(
    holder: HolderId,
    incarnation: number,
  ): Promise<ReadonlyMap<number, JournalPosition>> {
    const prefix = `${incarnation} ${holder} `;
    const theirs = [...this.#state.journals].filter(([key]) => key.startsWith(prefix));
    const found = theirs.map(
      ([key, { position }]) => [Number(key.slice(prefix.length)), position] as const,
    );
    return new Map(found.toSorted(([a], [b]) => a - b));
  }

  async corrections(holder: HolderId, limit: number): Promise<readonly Correction[]> {
    const order = ({ account, reservation, lease }: Correction) =>
      `${account} ${reservation} ${lease}`;
    return [...this.books.corrections()]
      .filter(({ correction: { account, lease } }) => {
        return this.books.lease(account, lease)?.holder === holder;
      })
      .toSorted(
        (a, b) => a.madeAtMs - b.madeAtMs || (order(a.correction) < order(b.correction) ? -1 : 1),
      )
      .slice(0, limit)
      .map(({ correction }) => correction);
  }

  async corrected(corrections: readonly Correction[]): Promise<void> {
    for (const correction of corrections) this.books.forget(correction);
  }

  async attest({ id, holder, incarnation, oldestMs }: Worker): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const cleanSinceMs = nowMs - oldestMs;
    this.#state.workers.set(id, { holder, incarnation, seenAtMs: nowMs, cleanSinceMs });
  }

  async leave(worker: string): Promise<void> {
    const { workers, journals } = this.#state;
    workers.delete(worker);
    for (const [key, journal] of journals) {
      if (journal.claim?.worker === worker) journals.set(key, { ...journal, claim: undefined });
    }
  }

  async closeSuspects(options: {
    readonly quarantineMs: DurationMs;
    readonly deadAfterMs: DurationMs;
    readonly limit: number;
  }): Promise<number> {
    const nowMs = this.#clock.nowMs();
    for (const [id, { seenAtMs }] of this.#state.workers) {
      const forgottenMs = Math.max(SILENT_FORGOTTEN_MS, options.deadAfterMs);
      if (seenAtMs <= nowMs - forgottenMs) this.#state.workers.delete(id);
    }
    const closable = [...this.books.everyLease()]
      .filter((lease) => this.#isClosable(lease, options, nowMs))
      .toSorted((a, b) => (a.suspectSinceMs ?? 0) - (b.suspectSinceMs ?? 0) || byIds(a, b))
      .slice(0, options.limit);
    for (const { id, account } of closable) {
      const { startAtMs = nowMs, endAtMs = nowMs } = this.books.account(account) ?? {};
      const period = { id: '', startAtMs, endAtMs };
      this.#run({ kind: 'closeLease', lease: id, leg: { account, period } });
    }
    return closable.length;
  }

  async suspectSilent({ deadAfterMs }: { readonly deadAfterMs: DurationMs }): Promise<number> {
    const suspectSinceMs = this.#clock.nowMs();
    const beforeMs = suspectSinceMs - deadAfterMs;
    const { workers, holders } = this.#state;
    const isHeard = (holder: HolderId): boolean =>
      (holders.get(holder)?.changedAtMs ?? -Infinity) > beforeMs ||
      [...workers.values()].some(
        (worker) => worker.holder === holder && worker.seenAtMs > beforeMs,
      );
    const leases = [...this.books.everyLease()]
      .filter(({ holder, state }) => state === 'live' && isProcessHolder(holder))
      .filter(({ holder }) => !isHeard(holder))
      .map((lease): Lease => ({ ...lease, state: 'suspect', suspectSinceMs }));
    this.books.post({ ...NOTHING, leases }, suspectSinceMs);
    return leases.length;
  }

  async askBack(account: AccountId, asking: HolderId): Promise<number> {
    return this.#askBack(account, (holder) => isProcessHolder(holder) && holder !== asking);
  }

  #askBack(account: AccountId, isAsked: (holder: HolderId) => boolean): number {
    const asked = this.books
      .leases(account)
      .filter(({ holder, state }) => state === 'live' && isAsked(holder))
      .filter(({ drawn, returned, settled }) => drawn - returned > settled);
    const atMs = this.#clock.nowMs();
    for (const { holder } of asked) {
      const accounts = this.#state.askedBack.get(holder) ?? new Map<AccountId, InstantMs>();
      this.#state.askedBack.set(holder, accounts.set(account, atMs));
    }
    return asked.length;
  }

  async stillAsked(account: AccountId, asking: HolderId): Promise<number> {
    return this.books
      .leases(account)
      .filter(({ holder, state }) => state === 'live' && holder !== asking)
      .filter(({ holder }) => this.#state.askedBack.get(holder)?.has(account)).length;
  }

  async askedBack(holder: HolderId): Promise<readonly AskedBack[]> {
    const accounts = this.#state.askedBack.get(holder) ?? [];
    return [...accounts].map(([account, atMs]) => ({ account, atMs }));
  }

  async answerAskedBack(holder: HolderId, asked: readonly AskedBack[]): Promise<void> {
    const accounts = this.#state.askedBack.get(holder);
    for (const { account, atMs } of asked) {
      if (accounts?.get(account) === atMs) accounts.delete(account);
    }
  }

  async setAside(events: readonly SetAside[]): Promise<void> {
    const { setAside } = this.#state;
    for (const event of events) if (!setAside.has(event.id)) setAside.set(event.id, event);
  }

  #run(command: Command, holder?: HolderId): Outcome {
    const nowMs = this.#clock.nowMs();
    for (const leg of legsToCarry(command, (id) => this.books.account(id))) {
      if (this.#carry(leg, nowMs).length > 0) this.#state.carrying.begin(leg.account, nowMs);
    }
    if (command.kind === 'reserve') {
      const accounts = command.legs.map(({ account }) => account);
      for (const reservation of this.#dueOn(accounts, nowMs)) {
        this.#decide({ kind: 'expire', reservation }, nowMs, undefined);
      }
    }
    return this.#decide(command, nowMs, holder);
  }

  /** Brings an account up to date with what it has to carry, and answers the budget's others of its time. */
  #carry(leg: LegAccount, nowMs: InstantMs): readonly Account[] {
    const carrying = carryingOf(this.books, leg.account, leg.period);
    const carry = carryCommand(this.books, leg, carrying, this.#policy, nowMs);
    if (carry !== undefined) this.#decide(carry, nowMs, undefined);
    // Nobody spends any more on the accounts that were left, so what is leased of them is not needed.
    const terms = leg.terms ?? this.books.account(leg.account)?.terms;
    for (const { id, terms: theirs } of carrying.others) {
      if (terms !== undefined && isNewerTerms(terms, theirs)) this.#askBack(id, () => true);
    }
    return carrying.others;
  }

  #decide(command: Command, nowMs: InstantMs, holder: HolderId | undefined): Outcome {
    const { outcome, changes } = decide(this.books, command, this.#policy, nowMs);
    const leases = changes.leases.map((lease) =>
      holder !== undefined && lease.holder === UNKNOWN_HOLDER ? { ...lease, holder } : lease,
    );
    this.books.post({ ...changes, leases }, nowMs);
    return outcome;
  }

  /** Due reservations on `accounts` that this authority alone may end. */
  #dueOn(accounts: readonly AccountId[], nowMs: InstantMs): readonly ReservationId[] {
    const due = [...this.books.openLegs()]
      .filter((leg) => accounts.includes(leg.account) && leg.deadlineAtMs <= nowMs)
      .filter((leg) => this.#openLegsOf(leg.reservation).every(({ lease }) => lease === DIRECT))
      .toSorted(byDeadline)
      .map(({ reservation }) => reservation);
    return [...new Set(due)].slice(0, LAZY_EXPIRY_MAX);
  }

  #openLegsOf(id: ReservationId): readonly Leg[] {
    const accounts = this.books.reservation(id)?.accounts ?? [];
    return accounts
      .flatMap((account) => this.books.leg(account, id) ?? [])
      .filter(({ state }) => state === 'reserved');
  }

  /** Whether the reservation has a leg that the holder of its lease ends, or may still be about to. */
  #isHeldByOthers({ reservation }: Leg, nowMs: InstantMs): boolean {
    return this.#openLegsOf(reservation).some(({ account, lease: id }) => {
      const lease = this.books.lease(account, id);
      if (id === DIRECT || lease === undefined) return false;
      return lease.state === 'live' || (lease.suspectSinceMs ?? 0) > nowMs - SUSPECT_GRACE_MS;
    });
  }

  #isClosable(
    lease: Lease,
    rules: { readonly quarantineMs: DurationMs; readonly deadAfterMs: DurationMs },
    nowMs: InstantMs,
  ): boolean {
    const sinceMs = lease.suspectSinceMs;
    if (lease.state !== 'suspect' || sinceMs === null) return false;
    if (sinceMs > nowMs - rules.quarantineMs) return false;
    const mayCarry = [...this.#state.workers.values()].some(
      ({ holder, incarnation, seenAtMs, cleanSinceMs }) => {
        const current = this.#state.holders.get(holder)?.incarnation ?? 0;
        const isBehind = incarnation > 0 && incarnation < current;
        return (
          holder === lease.holder &&
          (cleanSinceMs <= sinceMs || isBehind) &&
          seenAtMs > nowMs - rules.deadAfterMs
        );
      },
    );
    const isOpen = (leg: Leg) => leg.account === lease.account && leg.lease === lease.id;
    return !mayCarry && ![...this.books.openLegs()].some(isOpen);
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new BursarError('store_unavailable', { message: 'the authority is closed' });
    }
  }
}

const NOTHING: Changes = { accounts: [], legs: [], entries: [], leases: [], corrections: [] };

function copyOf(state: State): State {
  const { books, holders, workers, journals, setAside, askedBack, carrying } = state;
  return {
    books: books.copy(),
    holders: new Map(holders),
    workers: new Map(workers),
    journals: new Map(journals),
    setAside: new Map(setAside),
    askedBack: new Map([...askedBack].map(([holder, accounts]) => [holder, new Map(accounts)])),
    carrying: new CarryWatch(carrying),
  };
}

function journalKey(journal: {
  readonly holder: HolderId;
  readonly incarnation: number;
  readonly shard: number;
}): string {
  return `${journal.incarnation} ${journal.holder} ${journal.shard}`;
}

function byDeadline(a: Leg, b: Leg): number {
  return a.deadlineAtMs - b.deadlineAtMs || (a.reservation < b.reservation ? -1 : 1);
}

function byIds(a: Lease, b: Lease): number {
  return `${a.account} ${a.id}` < `${b.account} ${b.id}` ? -1 : 1;
}
