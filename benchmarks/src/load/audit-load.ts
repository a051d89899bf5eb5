/**
 * The money of a run: what the ledger says about each call, against what the generator says the calls that were made
 * do cost. Shares no arithmetic with the system under load.
 */
import { Client } from 'pg';
import { openDatabase } from '../../../packages/server/src/stores/postgres/open-database.ts';
import { auditLedger } from '../../../packages/server/src/stores/postgres/audit-ledger.ts';
import type { Stores } from '../subjects/stores.ts';
import { type CallLogColumns, outcomeOf } from './call-log.ts';
import { indexOf } from './names.ts';
import { costOf, type Workload } from './workload.ts';

/** What became of the money; nothing of it should be other than 0 but `made`. All in nano-USD. */
export interface MoneyReport {
  /** What the calls that were made cost. */
  readonly made: bigint;
  /** Spent and not booked. */
  readonly lost: bigint;
  /** Booked and not spent, or more than once. */
  readonly duplicated: bigint;
  /** Spent beyond users' limits. */
  readonly overspent: bigint;
  /** Still set aside after every call has ended. */
  readonly leftHeld: bigint;
  /** What the server's own audit of its ledger finds wrong, and other things that should not be; sentences. */
  readonly findings: readonly string[];
}

/** Whether every nano-dollar is where it should be. */
export function isMoneyRight({ lost, duplicated, overspent, leftHeld, findings }: MoneyReport) {
  return lost + duplicated + overspent + leftHeld === 0n && findings.length === 0;
}

/** A booking in the ledger, with its call's index. */
export interface Booking {
  readonly account: string;
  readonly index: number;
  readonly nanoUsd: bigint;
}

/** What a made call costs, by index: only of those whose work was done, acknowledged or not. */
export function spentOf(workload: Workload, log: CallLogColumns): ReadonlyMap<number, bigint> {
  const spent = new Map<number, bigint>();
  for (const call of workload) {
    const outcome = outcomeOf(log, call.index);
    const isMade = outcome === 'settled' || outcome === 'settle-failed';
    if (isMade && costOf(call) > 0) spent.set(call.index, BigInt(costOf(call)));
  }
  return spent;
}

/** Sums over calls and accounts. `limit` is each account's. */
export function compareBookings(
  spent: ReadonlyMap<number, bigint>,
  bookings: readonly Booking[],
  limit: bigint,
): Pick<MoneyReport, 'made' | 'lost' | 'duplicated' | 'overspent'> {
  const booked = new Map<number, bigint>();
  const accounts = new Map<string, bigint>();
  for (const { account, index, nanoUsd } of bookings) {
    booked.set(index, (booked.get(index) ?? 0n) + nanoUsd);
    accounts.set(account, (accounts.get(account) ?? 0n) + nanoUsd);
  }
  let [made, lost, duplicated, overspent] = [0n, 0n, 0n, 0n];
  for (const [index, cost] of spent) {
    made += cost;
    lost += positive(cost - (booked.get(index) ?? 0n));
  }
  for (const [index, cost] of booked) duplicated += positive(cost - (spent.get(index) ?? 0n));
  for (const sum of accounts.values()) overspent += positive(sum - limit);
  return { made, lost, duplicated, overspent };
}

/** How long bookings may take to come home after a run, in milliseconds, and how often it is looked. */
const HOME_MS_MAX = 120_000;
const LOOK_MS = 100;
/** Most reservations that are named of those left open. */
const OPEN_SHOWN_MAX = 5;
/** Where Redis has its open reservations. */
const OPEN_IN_REDIS = 'bursar:{0}:open';

/**
 * Resolves once everything that was spent is in the ledger and nothing is set aside, in it or in Redis, or after
 * `waitMsMax`. Answers how many reservations are still open in Redis.
 */
export async function untilHome(
  { databaseUrl, redis }: Pick<Stores, 'databaseUrl' | 'redis'>,
  spent: bigint,
  waitMsMax = HOME_MS_MAX,
): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const untilMs = performance.now() + waitMsMax;
    for (;;) {
      const { rows } = await client.query<{ booked: string; open: string }>(
        `select coalesce(sum(amount_nano_usd), 0)::text as booked,
          (select count(*) from legs where state = 'reserved')::text as open
         from ledger_entries`,
      );
      const openInRedis = Number(await redis.cli('HLEN', OPEN_IN_REDIS));
      const isHome = BigInt(rows[0]?.booked ?? 0) >= spent && rows[0]?.open === '0';
      if ((isHome && openInRedis === 0) || performance.now() > untilMs) return openInRedis;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    await client.end();
  }
}

/** Audits our books once the server is down. */
export async function auditOurs(
  databaseUrl: string,
  workload: Workload,
  log: CallLogColumns,
): Promise<MoneyReport> {
  const database = await openDatabase({ url: databaseUrl });
  try {
    const report = await database.patiently(auditLedger);
    const rows = await database.db
      .selectFrom('ledger_entries')
      .select(['account_id', 'reservation_id', 'amount_nano_usd'])
      .where('reservation_id', 'is not', null)
      .execute();
    const bookings = rows.map(({ account_id, reservation_id, amount_nano_usd }) => ({
      account: account_id,
      index: indexOf(reservation_id ?? ''),
      nanoUsd: amount_nano_usd,
    }));
    const open = await database.db
      .selectFrom('legs')
      .select(['reservation_id', 'lease_id', 'amount_nano_usd'])
      .where('state', '=', 'reserved')
      .execute();
    const leftHeld = open.reduce((sum, leg) => sum + leg.amount_nano_usd, 0n);
    const spent = spentOf(workload, log);
    const sums = compareBookings(spent, bookings, BigInt(workload.limitNanoUsd));
    const findings = [...report.shown];
    if (report.differenceNanoUsd !== 0n) findings.push('accounts and entries disagree');
    if (report.settledNanoUsd !== sums.made - sums.lost + sums.duplicated) {
      findings.push(`the accounts' own sum is ${report.settledNanoUsd} nano-USD`);
    }
    for (const { reservation_id, lease_id } of open.slice(0, OPEN_SHOWN_MAX)) {
      const outcome = outcomeOf(log, indexOf(reservation_id));
      findings.push(`${reservation_id} is still set aside on ${lease_id}; its call is ${outcome}`);
    }
    return { ...sums, leftHeld, findings };
  } finally {
    await database.close();
  }
}

/** Compares the rows of the direct design with what was spent. They know users, no calls. */
export async function auditDirect(
  databaseUrl: string,
  workload: Workload,
  log: CallLogColumns,
): Promise<MoneyReport> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ user_id: number; used: string }>(
      'select user_id, used from spend',
    );
    const used = new Map(rows.map((row) => [row.user_id, BigInt(row.used)]));
    const spent = new Map<number, bigint>();
    for (const [index, cost] of spentOf(workload, log)) {
      const { user } = workload.call(index);
      spent.set(user, (spent.get(user) ?? 0n) + cost);
    }
    let [made, lost, duplicated, overspent] = [0n, 0n, 0n, 0n];
    for (const [user, cost] of spent) {
      made += cost;
      lost += positive(cost - (used.get(user) ?? 0n));
      duplicated += positive((used.get(user) ?? 0n) - cost);
      overspent += positive(cost - BigInt(workload.limitNanoUsd));
    }
    return { made, lost, duplicated, overspent, leftHeld: 0n, findings: [] };
  } finally {
    await client.end();
  }
}

function positive(nanoUsd: bigint): bigint {
  return nanoUsd > 0n ? nanoUsd : 0n;
}
