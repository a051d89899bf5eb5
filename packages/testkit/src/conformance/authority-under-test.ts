/** How an authority presents itself to its conformance suite, and what each of its tests works with. */
import {
  amount,
  type Amount,
  type Authority,
  type Clock,
  type Correction,
  type DurationMs,
  type Fingerprint,
  type HolderId,
  type Ingest,
  JOURNAL_START,
  type JournalPosition,
  type Lease,
  type LeaseAsk,
  type LeaseId,
  type LegState,
  type OutcomeOf,
  type ReservationId,
} from '@bursar/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { ManualClock, MID_NOVEMBER } from '../manual-clock.ts';
import { TestPurse } from '../test-purse.ts';
import { DEFAULT_LIMIT } from './tier-under-test.ts';

/** An authority under test. */
export interface AuthorityUnderTest {
  /** Shown in the titles. */
  readonly name: string;
  /** Opens one that reads time from `clock` and gives users `defaultLimit`. Called once per group. */
  open(options: {
    readonly clock: Clock;
    readonly defaultLimit: Amount | null;
  }): Promise<Authority>;
  /** What the driver's own audit finds; asked after every test. */
  readonly audit?: (() => Promise<readonly string[]>) | undefined;
}

/** What each test works with. */
export interface AuthorityBench {
  readonly authority: Authority;
  readonly clock: ManualClock;
  readonly desk: LendingDesk;
  readonly purse: TestPurse;
}

/** A short way to talk about leases: of one holder, on accounts of a purse's users. */
export class LendingDesk {
  readonly authority: Authority;
  readonly purse: TestPurse;
  readonly holder: HolderId;
  readonly #leases = new Map<string, { readonly user: string; readonly id: LeaseId }>();

  constructor(authority: Authority, purse: TestPurse) {
    this.authority = authority;
    this.purse = purse;
    this.holder = this.holderNamed('redis');
  }

  holderNamed(name: string): HolderId {
    return `${this.purse.tenant}-${name}` as HolderId;
  }

  leaseNamed(name: string): LeaseId {
    return `${this.purse.tenant}-${name}` as LeaseId;
  }

  open(
    user: string,
    name: string,
    options: {
      readonly ticket?: number;
      readonly ask?: LeaseAsk;
      readonly need?: number;
      readonly holder?: HolderId;
    } = {},
  ) {
    return this.authority.execute({
      kind: 'openLease',
      lease: this.#named(user, name),
      holder: options.holder ?? this.holder,
      ticket: options.ticket ?? 1,
      ask: options.ask ?? exactly(options.need ?? 0),
      leg: this.purse.leg(user),
    });
  }

  draw(user: string, name: string, need: number, have: number) {
    return this.authority.execute({
      kind: 'draw',
      lease: this.#named(user, name),
      holder: this.holder,
      have: amount(have),
      ask: exactly(need),
      leg: this.purse.leg(user),
    });
  }

  giveBack(user: string, name: string, returned: number) {
    return this.authority.execute({
      kind: 'returnLease',
      lease: this.#named(user, name),
      returned: amount(returned),
      leg: this.purse.leg(user),
    });
  }

  change(user: string, name: string, kind: 'suspectLease' | 'closeLease') {
    return this.authority.execute({
      kind,
      lease: this.#named(user, name),
      leg: this.purse.leg(user),
    });
  }

  /** A report about a leg on the lease `name`, as a journal makes it. */
  report(
    user: string,
    name: string,
    reservation: ReservationId,
    state: LegState,
    spent: number,
    options: {
      readonly amount?: number;
      readonly ttlMs?: number;
      readonly dispatched?: boolean;
      readonly isShown?: boolean;
    } = {},
  ): Ingest {
    const nowMs = this.purse.clock.nowMs();
    return {
      kind: 'ingest',
      reservation,
      fingerprint: 'elsewhere' as Fingerprint,
      leg: this.purse.leg(user),
      state,
      lease: this.#named(user, name),
      spent: amount(spent),
      open:
        state === 'reserved'
          ? {
              amount: amount(options.amount ?? 100),
              deadlineAtMs: (nowMs + (options.ttlMs ?? 60_000)) as typeof nowMs,
              dispatched: options.dispatched ?? true,
            }
          : undefined,
      atMs: nowMs,
      isShown: options.isShown ?? true,
      terms: null,
      detail: null,
    };
  }

  /** Reports, and returns the answer. */
  tell(...report: Parameters<LendingDesk['report']>): Promise<OutcomeOf<Ingest>> {
    return this.authority.execute(this.report(...report));
  }

  lease(user: string, name: string): Promise<Lease | undefined> {
    return this.authority.lease(this.purse.leg(user).account, this.#named(user, name));
  }

  /** The account's sums that leases change. */
  async sums(user: string) {
    const account = await this.authority.account(this.purse.leg(user).account);
    return {
      settled: account?.settled ?? 0,
      reserved: account?.reserved ?? 0,
      leased: account?.leased ?? 0,
    };
  }

  /** What copies have to be told: which user and reservation, on which lease, and what. */
  async corrections(): Promise<readonly Correction[]> {
    return this.authority.corrections(this.holder, 100);
  }

  /** Brings `commands` home as the worker `name`, up to `position` of the journal `shard`. */
  bringHome(
    worker: string,
    position: JournalPosition,
    commands: readonly Ingest[],
    journal: {
      readonly incarnation?: number;
      readonly shard?: number;
      readonly after?: JournalPosition;
    } = {},
  ) {
    return this.authority.ingest({
      holder: this.holder,
      incarnation: 1,
      shard: 0,
      after: JOURNAL_START,
      ...journal,
      worker: this.worker(worker),
      position,
      commands,
    });
  }

  claim(
    worker: string,
    ttlMs: number,
    journal: { readonly incarnation?: number; readonly shard?: number } = {},
  ) {
    return this.authority.claimJournal({
      holder: this.holder,
      incarnation: 1,
      shard: 0,
      ...journal,
      worker: this.worker(worker),
      ttlMs: ttlMs as DurationMs,
    });
  }

  attest(worker: string, oldestMs: number) {
    return this.authority.attest({
      id: this.worker(worker),
      holder: this.holder,
      incarnation: 1,
      oldestMs: oldestMs as DurationMs,
    });
  }

  worker(name: string): string {
    return `${this.purse.tenant}-${name}`;
  }

  /** Accounts whose `leased` is not the sum of what their leases have out, reckoned by hand. */
  async findings(): Promise<readonly string[]> {
    const out = new Map<string, number>();
    for (const { user, id } of this.#leases.values()) {
      const lease = await this.authority.lease(this.purse.leg(user).account, id);
      if (lease === undefined) continue;
      const unspent = lease.drawn - lease.returned - lease.settled;
      const counted = lease.state === 'closed' || unspent < 0 ? 0 : unspent;
      out.set(user, (out.get(user) ?? 0) + counted);
    }
    const found: string[] = [];
    for (const [user, leased] of out) {
      const account = await this.authority.account(this.purse.leg(user).account);
      if ((account?.leased ?? 0) !== leased) {
        found.push(`${user}: leased ${account?.leased}, its leases say ${leased}`);
      }
    }
    return found;
  }

  #named(user: string, name: string): LeaseId {
    const id = this.leaseNamed(name);
    this.#leases.set(`${user} ${name}`, { user, id });
    return id;
  }
}

/** Asks for `need`, all or nothing, and no more. */
export function exactly(need: number): LeaseAsk {
  return { need: amount(need), least: amount(need), expected: amount(0), minimum: amount(0) };
}

/** One authority for the tests of a group; for each test a fresh tenant, in the middle of November. */
export function authorityBench(under: AuthorityUnderTest): AuthorityBench {
  const clock = new ManualClock();
  let authority: Authority;
  let desk: LendingDesk;
  beforeAll(async () => {
    authority = await under.open({ clock, defaultLimit: DEFAULT_LIMIT });
  }, 120_000);
  afterAll(() => authority.close());
  beforeEach(() => {
    clock.set(MID_NOVEMBER);
    desk = new LendingDesk(authority, new TestPurse(authority, clock));
  });
  afterEach(async () => {
    expect(await desk.findings()).toEqual([]);
    expect((await under.audit?.()) ?? []).toEqual([]);
  });
  return {
    clock,
    get authority() {
      return authority;
    },
    get desk() {
      return desk;
    },
    get purse() {
      return desk.purse;
    },
  };
}
