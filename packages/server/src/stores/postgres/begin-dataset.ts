/**
 * Registering what dataset a holder has: the compare-and-set behind incarnations (docs/decisions/0012).
 *
 * Holds no account's lock: it takes the holder's row, then the leases in the order of their ids, as batches
 * do after their accounts (`load-leases.ts`), so nobody waits in a circle.
 */
import type { HolderId } from '@bursar/core';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** Registers `dataset` at `now` inside `transaction` and returns the incarnation to work under. */
export async function beginDataset(
  transaction: Transaction<Database>,
  {
    holder,
    lineage,
    incarnation,
  }: { readonly holder: HolderId; readonly lineage: string; readonly incarnation: number },
  now: RawBuilder<Date>,
): Promise<number> {
  const first = await sql<{ incarnation: bigint }>`
    insert into holders (holder, incarnation, lineage, changed_at)
    values (${holder}, ${incarnation}::bigint + 1, ${lineage}, ${now})
    on conflict (holder) do nothing
    returning incarnation`.execute(transaction);
  const inserted = first.rows[0];
  if (inserted !== undefined) {
    await suspectAll(transaction, holder, now);
    return Number(inserted.incarnation);
  }
  const { rows } = await sql<{ incarnation: bigint; lineage: string }>`
    select incarnation, lineage from holders where holder = ${holder} for update`.execute(
    transaction,
  );
  const registered = Number(rows[0]?.incarnation ?? 0n);
  if (rows[0]?.lineage === lineage && registered === incarnation) return registered;
  // Data that are ahead of what is registered have seen commits that this database has lost.
  const next = Math.max(registered, incarnation) + 1;
  await sql`
    update holders set incarnation = ${next}::bigint, lineage = ${lineage}, changed_at = ${now}
    where holder = ${holder}`.execute(transaction);
  await suspectAll(transaction, holder, now);
  return next;
}

async function suspectAll(
  transaction: Transaction<Database>,
  holder: HolderId,
  now: RawBuilder<Date>,
): Promise<void> {
  await sql`
    with live as (
      select account_id, id from leases
      where holder = ${holder} and state = 'live' and id <> 'direct'
      order by account_id, id
      for no key update
    )
    update leases set state = 'suspect', suspect_since = ${now}
    from live
    where leases.account_id = live.account_id and leases.id = live.id`.execute(transaction);
}
