/**
 * The audit: whether every nano-dollar in the database is accounted for, recomputed in SQL from the rows.
 *
 * Shares nothing with the code that wrote them. Each check is a query that returns what contradicts it; sums
 * over all accounts are `bigint`, for they may pass what one account can hold.
 */
import { CARRY_KEY_PREFIX } from '@bursar/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Most contradictions that a report lists; it counts all. */
export const FINDINGS_SHOWN_MAX = 20;

/** What the audit found. All is well when `findings` is 0 and `differenceNanoUsd` is 0n. */
export interface AuditReport {
  readonly accounts: number;
  readonly entries: number;
  readonly reservations: Readonly<Record<'reserved' | 'released' | 'expired' | 'settled', number>>;
  /** Booked on all accounts, without what they carry from each other: that is no money spent. */
  readonly settledNanoUsd: bigint;
  /** Sum of the amounts by which accounts and entries disagree, signs ignored. */
  readonly differenceNanoUsd: bigint;
  /** Set aside for open reservations. */
  readonly reservedNanoUsd: bigint;
  /** Booked beyond the limit: overage, late settlements, limits lowered afterwards. */
  readonly overLimitNanoUsd: bigint;
  readonly findings: number;
  /** The first of them, one sentence each. */
  readonly shown: readonly string[];
}

/** Audits the whole database in one consistent snapshot. Reads only; cost grows with the ledger. */
export async function auditLedger(db: Kysely<Database>): Promise<AuditReport> {
  return db.transaction().setIsolationLevel('repeatable read').execute(auditWithin);
}

/** Audits what `transaction` sees. */
export async function auditWithin(transaction: Transaction<Database>): Promise<AuditReport> {
  const totals = await readTotals(transaction);
  const { rows } = await sql<{ finding: string; count: bigint }>`
    with findings as (${CONTRADICTIONS})
    select finding, count(*) over () as count from findings
    order by finding limit ${FINDINGS_SHOWN_MAX}`.execute(transaction);
  return {
    ...totals,
    findings: Number(rows[0]?.count ?? 0n),
    shown: rows.map(({ finding }) => finding),
  };
}

/** What the entries and legs say each account should be. */
const RECKONED = sql`
  select
    accounts.*,
    coalesce(entries.settled, 0) as entries_settled,
    coalesce(entries.granted, 0) as entries_granted,
    coalesce(entries.carried, 0) as entries_carried,
    coalesce(entries.last_sequence, 0) as last_sequence,
    coalesce(open.reserved, 0) as legs_reserved,
    coalesce(outstanding.leased, 0) as leases_leased
  from accounts
  left join (
    select
      account_id,
      sum(amount_nano_usd) filter (where kind in ('settle', 'release', 'expire', 'adjust')) as settled,
      sum(amount_nano_usd) filter (where kind = 'grant') as granted,
      sum(amount_nano_usd) filter (
        where kind = 'adjust' and starts_with(key, ${CARRY_KEY_PREFIX})
      ) as carried,
      max(sequence) as last_sequence
    from ledger_entries group by account_id
  ) as entries on entries.account_id = accounts.id
  left join (
    select account_id, sum(greatest(amount_nano_usd - spent_nano_usd, 0)) as reserved
    from legs where state = 'reserved' and lease_id = 'direct' group by account_id
  ) as open on open.account_id = accounts.id
  left join (
    select account_id, sum(
      case state when 'closed' then 0
        else greatest(drawn_nano_usd - returned_nano_usd - settled_nano_usd, 0) end
    ) as leased
    from leases where id <> 'direct' group by account_id
  ) as outstanding on outstanding.account_id = accounts.id`;

/** One row for each contradiction. */
const CONTRADICTIONS = sql`
  select format('account %s: settled %s, its entries say %s', id, settled_nano_usd, entries_settled) as finding
  from (${RECKONED}) as reckoned where settled_nano_usd <> entries_settled
  union all
  select format('account %s: granted %s, its entries say %s', id, granted_nano_usd, entries_granted)
  from (${RECKONED}) as reckoned
  where granted_nano_usd <> entries_granted + coalesce(terms_granted_nano_usd, 0)
  union all
  select format('account %s: reserved %s, its open reservations say %s', id, reserved_nano_usd, legs_reserved)
  from (${RECKONED}) as reckoned where reserved_nano_usd <> legs_reserved
  union all
  select format('account %s: leased %s, its leases say %s', id, leased_nano_usd, leases_leased)
  from (${RECKONED}) as reckoned where leased_nano_usd <> leases_leased
  union all
  select format('lease %s of %s: booked %s, its entries say %s', id, leases.account_id, settled_nano_usd, coalesce(booked, 0))
  from leases
  left join (
    select account_id, lease_id, sum(amount_nano_usd) as booked
    from ledger_entries group by account_id, lease_id
  ) as entries on entries.account_id = leases.account_id and entries.lease_id = leases.id
  where leases.id <> 'direct' and settled_nano_usd <> coalesce(booked, 0)
  union all
  select format('account %s: sequence %s is behind its entry %s', id, sequence, last_sequence)
  from (${RECKONED}) as reckoned where sequence < last_sequence
  union all
  select format(
    'reservation %s on %s: booked %s, its entries say %s',
    reservation_id, account_id, spent_nano_usd, coalesce(booked, 0)
  )
  from legs
  left join (
    select account_id, reservation_id, sum(amount_nano_usd) as booked
    from ledger_entries where reservation_id is not null group by account_id, reservation_id
  ) as entries using (account_id, reservation_id)
  where spent_nano_usd <> coalesce(booked, 0)
  union all
  select format('reservation %s on %s: ended without an entry that says how', reservation_id, account_id)
  from legs
  where state <> 'reserved' and not exists (
    select from ledger_entries as entries
    where entries.account_id = legs.account_id
      and entries.reservation_id = legs.reservation_id
      and entries.kind = case legs.state
        when 'settled' then 'settle' when 'released' then 'release' else 'expire' end
  )
  union all
  select format('reservation %s: a leg is missing or too many', reservations.id)
  from reservations
  left join legs on legs.reservation_id = reservations.id
  group by reservations.id
  having count(legs.account_id) <> cardinality(reservations.account_ids)
    or not bool_and(legs.account_id = any(reservations.account_ids))
  union all
  select format('reservation %s on %s: there is no such reservation', reservation_id, account_id)
  from legs
  where not exists (select from reservations where reservations.id = legs.reservation_id)
  union all
  select format('reservation %s on %s: its lease %s does not exist', reservation_id, account_id, lease_id)
  from legs
  where not exists (
    select from leases where leases.account_id = legs.account_id and leases.id = legs.lease_id
  )
  union all
  select format('entry %s of %s: its lease %s does not exist', sequence, account_id, lease_id)
  from ledger_entries as entries
  where not exists (
    select from leases where leases.account_id = entries.account_id and leases.id = entries.lease_id
  )
  union all
  select format('entry %s of %s: it books on reservation %s, which is not on it', sequence, account_id, reservation_id)
  from ledger_entries as entries
  where reservation_id is not null and not exists (
    select from legs
    where legs.account_id = entries.account_id and legs.reservation_id = entries.reservation_id
  )`;

type Totals = Omit<AuditReport, 'findings' | 'shown'>;

async function readTotals(transaction: Transaction<Database>): Promise<Totals> {
  const { rows } = await sql<Record<string, string | bigint>>`
    select
      count(*) as accounts,
      (select count(*) from ledger_entries) as entries,
      (select count(distinct reservation_id) from legs where state = 'reserved') as reserved,
      (select count(distinct reservation_id) from legs where state = 'released') as released,
      (select count(distinct reservation_id) from legs where state = 'expired') as expired,
      (select count(distinct reservation_id) from legs where state = 'settled') as settled,
      coalesce(sum(settled_nano_usd - entries_carried), 0)::text as settled_nano_usd,
      coalesce(sum(reserved_nano_usd), 0)::text as reserved_nano_usd,
      coalesce(sum(abs(settled_nano_usd - entries_settled)), 0)::text as difference_nano_usd,
      coalesce(sum(greatest(
        settled_nano_usd + reserved_nano_usd + leased_nano_usd - limit_nano_usd - granted_nano_usd, 0
      )), 0)::text as over_limit_nano_usd
    from (${RECKONED}) as reckoned`.execute(transaction);
  const of = (column: string) => BigInt(rows[0]?.[column] ?? 0);
  return {
    accounts: Number(of('accounts')),
    entries: Number(of('entries')),
    reservations: {
      reserved: Number(of('reserved')),
      released: Number(of('released')),
      expired: Number(of('expired')),
      settled: Number(of('settled')),
    },
    settledNanoUsd: of('settled_nano_usd'),
    differenceNanoUsd: of('difference_nano_usd'),
    reservedNanoUsd: of('reserved_nano_usd'),
    overLimitNanoUsd: of('over_limit_nano_usd'),
  };
}
