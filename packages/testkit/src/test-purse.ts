/**
 * A short way to talk to a tier in tests: users by name, amounts in whole nano-USD, ids made in order.
 *
 * Every test gets a tenant of its own, so that many can share one store.
 */
import {
  type AccountId,
  type AccountTerms,
  accountId,
  type Amount,
  amount,
  budgetId,
  type Command,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  type Json,
  MONTHLY_UTC,
  type OutcomeOf,
  type Period,
  periodAt,
  type RateHit,
  type ReservationId,
  reservationId,
  type Reserve,
  type SignedAmount,
  type TenantId,
  type Tier,
} from '@bursar/core';
import type { ManualClock } from './manual-clock.ts';

let tenants = 0;

/** A tenant name that no other test of this run uses, also in another process. */
export function freshTenant(): TenantId {
  tenants += 1;
  return `t${process.pid}-${tenants}-${Math.trunc(performance.timeOrigin)}` as TenantId;
}

/** One tenant's users on one tier. */
export class TestPurse {
  readonly tier: Tier;
  readonly clock: ManualClock;
  readonly tenant: TenantId;
  #ids = 0;

  constructor(tier: Tier, clock: ManualClock, tenant: TenantId = freshTenant()) {
    this.tier = tier;
    this.clock = clock;
    this.tenant = tenant;
  }

  /** The next reservation id: version 7 in shape, counting up. */
  id(): ReservationId {
    this.#ids += 1;
    return this.idNumber(this.#ids);
  }

  /** The reservation id with this number. */
  idNumber(number: number): ReservationId {
    const digits = number.toString(16).padStart(12, '0');
    return reservationId(this.tenant, `019a0000-0000-7000-8000-${digits}`);
  }

  /** The user's credit account in the present month, or in that of `at`. */
  leg(user: string, at: InstantMs = this.clock.nowMs()): { account: AccountId; period: Period } {
    const period = periodAt(MONTHLY_UTC, at);
    return {
      account: accountId(budgetId(this.tenant, { kind: 'user', name: user }), period),
      period,
    };
  }

  reserve(
    user: string | readonly string[],
    nanoUsd: number,
    options: {
      readonly id?: ReservationId;
      readonly ttlMs?: number;
      readonly fingerprint?: string;
      readonly terms?: Json;
      /** What the policies say about each of the accounts. */
      readonly onTerms?: AccountTerms;
      readonly rates?: readonly RateHit[];
    } = {},
  ): Promise<OutcomeOf<Reserve>> {
    const users = typeof user === 'string' ? [user] : user;
    return this.execute({
      kind: 'reserve',
      reservation: options.id ?? this.id(),
      fingerprint: (options.fingerprint ?? `${users.join()}:${nanoUsd}`) as Fingerprint,
      legs: users.map((name) => ({
        ...this.leg(name),
        ...(options.onTerms === undefined ? {} : { terms: options.onTerms }),
      })),
      amount: amount(nanoUsd),
      ttlMs: (options.ttlMs ?? 60_000) as DurationMs,
      terms: options.terms ?? null,
      ...(options.rates === undefined ? {} : { rates: options.rates }),
    });
  }

  /** Reserves, and returns the id; fails the test unless the tier admits it. */
  async open(
    user: string | readonly string[],
    nanoUsd: number,
    options: Parameters<TestPurse['reserve']>[2] = {},
  ): Promise<ReservationId> {
    const id = options.id ?? this.id();
    const answer = await this.reserve(user, nanoUsd, { ...options, id });
    if (answer.outcome !== 'applied') {
      throw new Error(`expected to be admitted, got ${JSON.stringify(answer)}`);
    }
    return id;
  }

  extend(
    reservation: ReservationId,
    options: {
      readonly amount?: number;
      readonly ttlMs?: number;
      readonly dispatched?: boolean;
    } = {},
  ) {
    return this.execute({
      kind: 'extend',
      reservation,
      amount: options.amount === undefined ? null : amount(options.amount),
      ttlMs: (options.ttlMs ?? 60_000) as DurationMs,
      dispatched: options.dispatched ?? false,
    });
  }

  settle(
    reservation: ReservationId,
    cost: number,
    options: { readonly final?: boolean; readonly charges?: readonly RateHit[] } = {},
  ) {
    return this.execute({
      kind: 'settle',
      reservation,
      cost: amount(cost),
      final: options.final ?? true,
      detail: { basis: 'reported' },
      ...(options.charges === undefined ? {} : { charges: options.charges }),
    });
  }

  release(reservation: ReservationId) {
    return this.execute({ kind: 'release', reservation, detail: null });
  }

  expire(reservation: ReservationId) {
    return this.execute({ kind: 'expire', reservation });
  }

  setLimit(user: string, limit: number | null) {
    return this.execute({
      kind: 'setLimit',
      leg: this.leg(user),
      limit: limit as Amount | null,
      detail: null,
    });
  }

  clearLimit(user: string) {
    return this.execute({ kind: 'clearLimit', leg: this.leg(user), detail: null });
  }

  setTerms(user: string, terms: AccountTerms) {
    return this.execute({ kind: 'setTerms', leg: this.leg(user), terms });
  }

  grant(user: string, key: string, nanoUsd: number) {
    return this.execute({
      kind: 'grant',
      leg: this.leg(user),
      key,
      amount: amount(nanoUsd),
      detail: null,
    });
  }

  adjust(user: string, key: string, nanoUsd: number) {
    return this.execute({
      kind: 'adjust',
      leg: this.leg(user),
      key,
      amount: nanoUsd as SignedAmount,
      detail: { reason: 'test' },
    });
  }

  execute<C extends Command>(command: C): Promise<OutcomeOf<C>> {
    return this.tier.execute(command);
  }

  /** Three reservations of 10 for `user` that ended, each in its way; takes a second of the clock. */
  async ended(user: string): Promise<Record<'settled' | 'released' | 'expired', ReservationId>> {
    const settled = await this.open(user, 10);
    const released = await this.open(user, 10);
    const expired = await this.open(user, 10, { ttlMs: 1_000 });
    await this.settle(settled, 5);
    await this.release(released);
    this.clock.advance(1_000);
    await this.expire(expired);
    return { settled, released, expired };
  }

  /** The sums of the user's account as plain numbers; zeros before it is opened. */
  async sums(user: string, at?: InstantMs) {
    const account = await this.tier.account(this.leg(user, at).account);
    return {
      limit: account === undefined ? undefined : account.limit,
      settled: account?.settled ?? 0,
      reserved: account?.reserved ?? 0,
      granted: account?.granted ?? 0,
    };
  }

  /** All entries of the user's account, oldest first, in the columns that tests look at. */
  async ledger(user: string, at?: InstantMs) {
    const entries = await this.tier.entries({ account: this.leg(user, at).account, limit: 1_000 });
    return entries.toReversed().map(({ kind, amount: change, reservation }) => ({
      kind,
      amount: Number(change),
      reservation,
    }));
  }
}
