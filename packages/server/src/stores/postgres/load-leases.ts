/**
 * Loading the leases that a batch needs, under the locks of their accounts.
 *
 * The rows are locked too, after their accounts and in the order of their ids: `begin` makes a holder's
 * leases suspect without the accounts' locks, and a batch must not write one back as it was before.
 */
import {
  type AccountId,
  type Command,
  DIRECT,
  type Lease,
  type LeaseId,
  type Leg,
} from '@bursar/core';
import { sql, type Transaction } from 'kysely';
import { texts } from './array-params.ts';
import { leaseFromRow } from './rows.ts';
import type { Database, LeaseRow } from './schema.ts';

/** Which leases to load. */
export interface WantedLeases {
  readonly named: readonly { readonly account: AccountId; readonly id: LeaseId }[];
  /** Accounts of which every lease that is not closed is wanted. */
  readonly lending: readonly AccountId[];
}

/** The leases that `commands` name, those that `legs` spend under, and all that a new one competes with. */
export function leasesWantedBy(commands: readonly Command[], legs: readonly Leg[]): WantedLeases {
  const named = legs.map(({ account, lease }) => ({ account, id: lease }));
  const lending = new Set<AccountId>();
  for (const command of commands) {
    if (!('lease' in command)) continue;
    named.push({ account: command.leg.account, id: command.lease });
    if (command.kind !== 'ingest') lending.add(command.leg.account);
  }
  return { named: named.filter(({ id }) => id !== DIRECT), lending: [...lending] };
}

/** Reads and locks leases. No round trip when none is wanted. */
export async function loadLeases(
  transaction: Transaction<Database>,
  { named, lending }: WantedLeases,
): Promise<readonly Lease[]> {
  if (named.length === 0 && lending.length === 0) return [];
  const wanted = sortedOnce(named);
  const places = sql`unnest(
    (select ${texts(wanted.map(({ account }) => account))}::text[]),
    (select ${texts(wanted.map(({ id }) => id))}::text[])
  ) with ordinality as named (account_id, id, place)`;
  // Their places are cheaper to sort by than their ids, which of those of `lending` nobody knows yet.
  const { rows } =
    lending.length === 0
      ? await sql<LeaseRow>`
          select leases.*
          from ${places}
          join leases on leases.account_id = named.account_id and leases.id = named.id
          order by named.place
          for no key update of leases`.execute(transaction)
      : await sql<LeaseRow>`
          select leases.*
          from (
            select account_id, id from ${places}
            union
            select account_id, id from leases
            where account_id = any(${texts(lending)}::text[]) and state <> 'closed' and id <> 'direct'
          ) as wanted
          join leases on leases.account_id = wanted.account_id and leases.id = wanted.id
          order by leases.account_id, leases.id
          for no key update of leases`.execute(transaction);
  return rows.map(leaseFromRow);
}

/** Each once, in the order in which every transaction locks them. */
function sortedOnce(named: WantedLeases['named']): WantedLeases['named'] {
  const byName = new Map(named.map((lease) => [`${lease.account} ${lease.id}`, lease]));
  return [...byName.values()].toSorted((a, b) =>
    a.account === b.account ? compare(a.id, b.id) : compare(a.account, b.account),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
