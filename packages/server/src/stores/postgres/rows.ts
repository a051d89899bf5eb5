/** Rows to records of core, checked on the way: a number that is no amount stops here. */
import {
  type Account,
  type AccountId,
  amount,
  type Amount,
  assert,
  type Correction,
  type Fingerprint,
  type HolderId,
  instant,
  type InstantMs,
  type Lease,
  type LeaseId,
  type LeaseState,
  type LedgerEntry,
  type LedgerEntryKind,
  type Leg,
  type LegState,
  type Reservation,
  type ReservationId,
  signedAmount,
} from '@bursar/core';
import type {
  AccountRow,
  CorrectionRow,
  LeaseRow,
  LedgerEntryRow,
  LegRow,
  ReservationRow,
} from './schema.ts';

export function accountFromRow(row: AccountRow): Account {
  return {
    id: row.id as AccountId,
    lease: row.lease_id as LeaseId,
    startAtMs: instantOf(row.start_at),
    endAtMs: instantOf(row.end_at),
    limit: limitOf(row.limit_nano_usd),
    granted: amount(row.granted_nano_usd),
    settled: amount(row.settled_nano_usd),
    reserved: amount(row.reserved_nano_usd),
    leased: amount(row.leased_nano_usd),
    sequence: Number(row.sequence),
    ...termsFromRow(row),
  };
}

function termsFromRow(row: AccountRow): Pick<Account, 'terms'> {
  if (row.terms_version === null) return {};
  return {
    terms: {
      limit: limitOf(row.terms_limit_nano_usd),
      granted: amount(row.terms_granted_nano_usd ?? 0n),
      isEnforced: row.terms_enforced ?? true,
      version: Number(row.terms_version),
      sinceMs: instantOf(row.terms_since ?? new Date(Number.NaN)),
    },
  };
}

export function reservationFromRow(row: ReservationRow): Reservation {
  return {
    id: row.id as ReservationId,
    fingerprint: row.fingerprint as Fingerprint,
    accounts: row.account_ids as AccountId[],
    terms: row.terms,
    createdAtMs: instantOf(row.created_at),
    ...(row.rates === null ? {} : { rates: row.rates }),
  };
}

export function legFromRow(row: LegRow): Leg {
  return {
    reservation: row.reservation_id as ReservationId,
    account: row.account_id as AccountId,
    lease: row.lease_id as LeaseId,
    state: row.state as LegState,
    amount: amount(row.amount_nano_usd),
    spent: amount(row.spent_nano_usd),
    deadlineAtMs: instantOf(row.deadline_at),
    dispatched: row.dispatched,
  };
}

export function leaseFromRow(row: LeaseRow): Lease {
  return {
    id: row.id as LeaseId,
    account: row.account_id as AccountId,
    holder: row.holder as HolderId,
    ticket: Number(row.ticket),
    drawn: amount(row.drawn_nano_usd),
    returned: amount(row.returned_nano_usd),
    settled: amount(row.settled_nano_usd),
    state: row.state as LeaseState,
    suspectSinceMs: row.suspect_since === null ? null : instantOf(row.suspect_since),
  };
}

export function correctionFromRow(row: CorrectionRow): Correction {
  return {
    account: row.account_id as AccountId,
    reservation: row.reservation_id as ReservationId,
    lease: row.lease_id as LeaseId,
    state: row.state as Correction['state'],
    spent: amount(row.spent_nano_usd),
    shown: amount(row.shown_nano_usd),
  };
}

export function entryFromRow(row: LedgerEntryRow): LedgerEntry {
  return {
    account: row.account_id as AccountId,
    sequence: Number(row.sequence),
    kind: row.kind as LedgerEntryKind,
    reservation: row.reservation_id as ReservationId | null,
    key: row.key,
    lease: row.lease_id as LeaseId,
    amount: signedAmount(row.amount_nano_usd),
    ...(row.kind === 'limit' ? { limit: limitOf(row.limit_nano_usd) } : {}),
    atMs: instantOf(row.at),
    detail: row.detail,
  };
}

export function limitOf(value: bigint | null): Amount | null {
  return value === null ? null : amount(value);
}

export function instantOf(date: Date): InstantMs {
  const atMs = date.getTime();
  assert(!Number.isNaN(atMs), 'an instant from the database is valid');
  return instant(atMs);
}
