/** Random commands to a copy store: as steps that make sense in any order, and shrink. */
import {
  type AccountId,
  type Amount,
  AMOUNT_MAX,
  type CopyCommand,
  type DurationMs,
  type Elsewhere,
  type Fingerprint,
  type InstantMs,
  type Json,
  type LeaseId,
  type ReservationId,
  TOMBSTONE_MS,
} from '@bursar/core';
import fc from 'fast-check';
import { hitsOf, type RateDraft, rateDrafts } from './rate-drafts.ts';

const TENANT = 'acme';
const NOVEMBER = [Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)] as const;
const DECEMBER = [Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1)] as const;
export const ACCOUNTS = [
  `${TENANT}/user:a/credit/2026-11`,
  `${TENANT}/user:b/credit/2026-11`,
  `${TENANT}/team:%F0%9F%A6%8A%20%7B0%7D/credit/2026-11`,
  `${TENANT}/user:a/credit/2026-12`,
] as AccountId[];
export const RESERVATIONS = Array.from(
  { length: 9 },
  (_, index) => `${TENANT}/0190a0b0-0000-7000-8000-00000000000${index}` as ReservationId,
);
const TERMS: readonly Json[] = [
  null,
  { model: 'gpt-5', note: 'it\'s "quoted" \\ \n\r\u2028 🦊 ]] --' },
  ['{', '}', ' , | ', '\u0000', '\ud800'],
];
const FINGERPRINTS = ['f1', 'f 2,|%', ''] as Fingerprint[];

/** A step: what to do, by numbers into the pools above. */
export type Step =
  | { readonly step: 'open'; readonly account: number; readonly drawn: number }
  | { readonly step: 'command'; readonly command: Draft }
  | { readonly step: 'together'; readonly commands: readonly Draft[] }
  | { readonly step: 'advance'; readonly byMs: number }
  | { readonly step: 'bump' };

/** A command of which the leases and tickets are filled in when it is sent. */
export interface Draft {
  readonly kind: CopyCommand['kind'];
  readonly id: number;
  readonly accounts: readonly number[];
  readonly amount: number;
  readonly other: number;
  readonly ttlMs: number;
  readonly bits: number;
  /** What it takes from limiters, or charges; only of a reserve or a settlement. */
  readonly rates?: readonly RateDraft[] | undefined;
}

const amount = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 0, max: 30 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 }).map((less) => AMOUNT_MAX - less) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 60 }).map((more) => 2 ** 52 + more) },
);
const draft = (kinds: readonly CopyCommand['kind'][]) =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    id: fc.nat(RESERVATIONS.length - 1),
    accounts: fc.oneof(
      { weight: 9, arbitrary: fc.shuffledSubarray([0, 1, 2], { minLength: 1 }) },
      { weight: 1, arbitrary: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }) },
    ),
    amount,
    other: amount,
    ttlMs: fc.constantFrom(0, 1, 1_000, 60_000, 60_000, 2_000_000),
    bits: fc.nat(63),
    rates: fc.option(rateDrafts, { nil: undefined, freq: 2 }),
  });
const ALL: readonly CopyCommand['kind'][] = [
  ...(['reserve', 'reserve', 'reserve', 'reserve', 'reserve', 'reserve', 'reserve'] as const),
  ...(['settle', 'settle', 'settle', 'extend', 'extend', 'extend', 'correct', 'correct'] as const),
  ...(['release', 'expire', 'recall', 'read', 'find', 'sweep', 'apply'] as const),
  ...(['prepare', 'install'] as const),
];

/** Sequences that begin with copies to spend on, and then do everything. */
export const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(fc.constantFrom(60, 1_000, 1_000, AMOUNT_MAX), { minLength: 3, maxLength: 4 }),
    fc.array(step(), { minLength: 10, maxLength: 80, size: 'max' }),
  )
  .map(([drawn, more]) => [
    ...drawn.map((total, account) => ({ step: 'open' as const, account, drawn: total })),
    ...more,
  ]);

function step(): fc.Arbitrary<Step> {
  return fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant('open' as const),
        account: fc.nat(ACCOUNTS.length - 1),
        drawn: fc.constantFrom(0, 40, 40, 40, 1_000, AMOUNT_MAX - 1),
      }),
    },
    {
      weight: 24,
      arbitrary: fc.record({
        step: fc.constant('command' as const),
        command: draft(ALL),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        step: fc.constant('together' as const),
        commands: fc.array(draft(ALL), { minLength: 1, maxLength: 20 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        step: fc.constant('advance' as const),
        byMs: fc.oneof(
          { weight: 20, arbitrary: fc.constantFrom(1, 999, 1_000, 30_000, 61_000) },
          { weight: 2, arbitrary: fc.constant(TOMBSTONE_MS) },
          { weight: 1, arbitrary: fc.constant(16 * 86_400_000) },
        ),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ step: 'bump' as const }) },
  );
}

/** The leases and tickets of a run. */
export class Leases {
  readonly #leases = new Map<AccountId, LeaseId[]>();
  readonly #tickets = new Map<AccountId, number>();
  #made = 0;

  /** A lease that no copy has ever been on. */
  make(account: AccountId): LeaseId {
    this.#made += 1;
    const lease = `lease-${this.#made}` as LeaseId;
    this.#leases.set(account, [...(this.#leases.get(account) ?? []), lease]);
    return lease;
  }

  /** The newest lease of an account, or the one before. */
  of(account: AccountId, isOld: boolean): LeaseId {
    return this.#leases.get(account)?.at(isOld ? -2 : -1) ?? ('lease-0' as LeaseId);
  }

  ticketed(account: AccountId, ticket: number): void {
    this.#tickets.set(account, ticket);
  }

  ticketOf(account: AccountId): number {
    return this.#tickets.get(account) ?? 1;
  }
}

/** Pick of a pool; the index is one of its own. */
export function pick<T>(pool: readonly T[], index: number): T {
  const item = pool[index % pool.length];
  if (item === undefined) throw new Error('an empty pool');
  return item;
}

/** A reservation beyond the pool. */
export function reservationNumber(number: number): ReservationId {
  const uuid = `0190a0b0-2222-7000-8000-${String(number).padStart(12, '0')}`;
  return `${TENANT}/${uuid}` as ReservationId;
}

/** The command behind a draft. `hinted`: it names all accounts, so that it needs no second try. */
export function commandOf(draft: Draft, leases: Leases, hinted: boolean): CopyCommand {
  const { kind, bits } = draft;
  const reservation = RESERVATIONS[draft.id] ?? reservationNumber(draft.id);
  const accounts = draft.accounts.map((index) => pick(ACCOUNTS, index));
  const [account] = accounts;
  if (account === undefined) throw new Error('a draft without accounts');
  const bit = (index: number) => ((bits >> index) & 1) === 1;
  const hint = hinted ? { accounts: ACCOUNTS } : bit(5) ? { accounts } : {};
  const total = draft.amount as Amount;
  const ttlMs = draft.ttlMs as DurationMs;
  const elsewhere: Elsewhere = {
    limit: bit(1) ? null : (draft.other as Amount),
    granted: draft.other as Amount,
    settled: total,
    reserved: total,
    leased: draft.other as Amount,
  };
  const [startAtMs, endAtMs] = account.endsWith('12') ? DECEMBER : NOVEMBER;
  const detail = pick(TERMS, bits);
  switch (kind) {
    case 'reserve':
      return {
        kind,
        reservation,
        fingerprint: pick(FINGERPRINTS, bits < 48 ? 0 : bits),
        accounts,
        amount: total,
        ttlMs,
        terms: pick(TERMS, bits),
        ...(draft.rates === undefined ? {} : { rates: hitsOf(TENANT, draft.rates) }),
      };
    case 'extend':
      return {
        kind,
        reservation,
        amount: bit(2) ? null : total,
        ttlMs,
        dispatched: bit(1),
        ...hint,
      };
    case 'settle':
      return {
        kind,
        reservation,
        cost: total,
        final: bit(0),
        detail,
        ...hint,
        ...(draft.rates === undefined ? {} : { charges: hitsOf(TENANT, draft.rates) }),
      };
    case 'release':
      return { kind, reservation, detail, ...hint };
    case 'expire':
    case 'find':
      return { kind, reservation, ...hint };
    case 'sweep':
      return { kind, account, limit: 1 + (bits % 5) };
    case 'prepare':
      return { kind, account, above: bits % 4 };
    case 'install':
      return {
        kind,
        account,
        ticket: leases.ticketOf(account) - (bit(0) && bit(1) ? 1 : 0),
        lease: leases.make(account),
        startAtMs: startAtMs as InstantMs,
        endAtMs: endAtMs as InstantMs,
        drawn: total,
        sequence: bits,
        elsewhere,
      };
    case 'apply':
      return {
        kind,
        account,
        lease: leases.of(account, bit(0) && bit(1)),
        drawn: (total + 500 > AMOUNT_MAX ? total : total + 500) as Amount,
        elsewhere,
      };
    case 'recall':
      return {
        kind,
        account,
        lease: leases.of(account, bit(0) && bit(1)),
        retire: bit(2) && bit(3),
      };
    case 'correct':
      return {
        kind,
        reservation,
        corrections: accounts.slice(0, bits % 4).map((named) => ({
          account: named,
          reservation,
          lease: leases.of(named, bit(0) && bit(1)),
          state: pick(['released', 'expired', 'settled'] as const, bits),
          spent: (draft.other > 100 ? 7 : draft.other) as Amount,
          // What a copy has forgotten and what it shows are the same books: chance does not hit upon that.
          shown: 0 as Amount,
        })),
      };
    case 'read':
      return { kind, account };
  }
}
