/**
 * The tables as Kysely sees them. The migrations are the authority; a test compares the two.
 *
 * `bigint` columns arrive as `bigint` from both drivers (see `open-database.ts`), `timestamptz` as `Date`.
 */
import type { Json, LimiterState, TakenRate } from '@bursar/core';

export interface Database {
  budgets: BudgetRow;
  accounts: AccountRow;
  leases: LeaseRow;
  reservations: ReservationRow;
  legs: LegRow;
  ledger_entries: LedgerEntryRow;
  service_tokens: ServiceTokenRow;
  holders: HolderRow;
  workers: WorkerRow;
  journals: JournalRow;
  corrections: CorrectionRow;
  set_aside_events: SetAsideEventRow;
  own_keys: OwnKeyRow;
  policy_sets: PolicySetRow;
  limiters: LimiterRow;
  carries: CarryRow;
}

export interface PolicySetRow {
  version: bigint;
  document: string;
  put_by: string;
  note: string | null;
  put_at: Date;
}

export interface BudgetRow {
  id: string;
  is_default: boolean;
  limit_nano_usd: bigint | null;
}

export interface AccountRow {
  id: string;
  budget_id: string;
  lease_id: string;
  start_at: Date;
  end_at: Date;
  limit_nano_usd: bigint | null;
  granted_nano_usd: bigint;
  settled_nano_usd: bigint;
  reserved_nano_usd: bigint;
  leased_nano_usd: bigint;
  sequence: bigint;
  terms_limit_nano_usd: bigint | null;
  terms_granted_nano_usd: bigint | null;
  terms_enforced: boolean | null;
  terms_version: bigint | null;
  terms_since: Date | null;
}

export interface LeaseRow {
  account_id: string;
  id: string;
  holder: string;
  ticket: bigint;
  drawn_nano_usd: bigint;
  returned_nano_usd: bigint;
  settled_nano_usd: bigint;
  state: string;
  suspect_since: Date | null;
  asked_back_at: Date | null;
}

export interface ReservationRow {
  id: string;
  fingerprint: string;
  account_ids: string[];
  terms: Json;
  created_at: Date;
  rates: readonly TakenRate[] | null;
}

export interface LimiterRow {
  id: string;
  state: LimiterState | null;
  ends_at: Date;
}

export interface CarryRow {
  account_id: string;
  since: Date;
  look_at: Date;
  others_sequence: string;
}

export interface LegRow {
  reservation_id: string;
  account_id: string;
  lease_id: string;
  state: string;
  amount_nano_usd: bigint;
  spent_nano_usd: bigint;
  deadline_at: Date;
  dispatched: boolean;
}

export interface LedgerEntryRow {
  account_id: string;
  sequence: bigint;
  kind: string;
  reservation_id: string | null;
  key: string;
  lease_id: string;
  amount_nano_usd: bigint;
  limit_nano_usd: bigint | null;
  at: Date;
  detail: Json;
}

export interface ServiceTokenRow {
  id: string;
  tenant: string;
  name: string;
  scopes: string[];
  secret_hash: Uint8Array;
  created_at: Date;
  revoked_at: Date | null;
}

export interface HolderRow {
  holder: string;
  incarnation: bigint;
  lineage: string;
  changed_at: Date;
}

export interface WorkerRow {
  id: string;
  holder: string;
  incarnation: bigint;
  seen_at: Date;
  clean_since: Date;
}

export interface JournalRow {
  holder: string;
  incarnation: bigint;
  shard: number;
  position: string;
  claimed_by: string | null;
  claimed_until: Date | null;
}

export interface CorrectionRow {
  account_id: string;
  reservation_id: string;
  lease_id: string;
  state: string;
  spent_nano_usd: bigint;
  shown_nano_usd: bigint;
  made_at: Date;
}

export interface SetAsideEventRow {
  id: string;
  holder: string;
  reason: string;
  message: string;
  event: string;
  at: Date;
  replayed_at: Date | null;
  resolution: string | null;
  dismissed_at: Date | null;
  resolved_by: string | null;
  note: string | null;
}

export interface OwnKeyRow {
  id: string;
  tenant: string;
  user_name: string;
  provider: string;
  hint: string;
  digest: Uint8Array | null;
  digest_ring_key: string | null;
  envelope: Uint8Array | null;
  registered_at: Date;
  rejected_at: Date | null;
  rejected_reason: string | null;
  revoked_at: Date | null;
  changed: bigint;
}
