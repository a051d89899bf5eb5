/**
 * Writing what the copies of leases have to be told.
 *
 * Invariant: a correction in the table says how its leg stands in the books. So a leg that changes replaces
 * its correction, or removes it when the copy shows the same already; a lease that closes needs none. What the copy shows
 * meanwhile stays as the first of them found it, for it has heard of none.
 */
import {
  type AccountId,
  type Changes,
  type Correction,
  DIRECT,
  type InstantMs,
  type ReservationId,
} from '@bursar/core';
import { sql, type Transaction } from 'kysely';
import { integers, texts } from './array-params.ts';
import type { Database } from './schema.ts';

type Key = Pick<Correction, 'account' | 'reservation' | 'lease'>;

/** The corrections of a transaction: the last word about each. */
export class PendingCorrections {
  readonly #stored: ReadonlySet<ReservationId>;
  readonly #made = new Map<string, Correction>();
  readonly #unneeded = new Map<string, Key>();
  readonly #closed = new Map<string, { readonly account: AccountId; readonly lease: string }>();

  /** `stored`: of other reservations the table has no correction. */
  constructor(stored: ReadonlySet<ReservationId>) {
    this.#stored = stored;
  }

  add({ legs, leases, corrections }: Changes): void {
    const before = corrections.length > 0 ? new Map(this.#made) : this.#made;
    for (const { account, reservation, lease } of legs) {
      if (lease !== DIRECT) this.#remove({ account, reservation, lease });
    }
    for (const correction of corrections) {
      const key = keyOf(correction);
      this.#unneeded.delete(key);
      const { shown } = before.get(key) ?? correction;
      this.#made.set(key, { ...correction, shown });
    }
    for (const { account, id, state } of leases) {
      if (state !== 'closed') continue;
      this.#closed.set(`${account} ${id}`, { account, lease: id });
      for (const made of this.#made.values()) {
        if (made.account === account && made.lease === id) this.#remove(made);
      }
    }
  }

  /** Writes inside `transaction`, after the leases. No round trip when nothing is to be told. */
  async write(transaction: Transaction<Database>, nowMs: InstantMs): Promise<void> {
    await forget(transaction, [...this.#unneeded.values()]);
    if (this.#closed.size > 0) await forgetLeases(transaction, [...this.#closed.values()]);
    if (this.#made.size > 0) await keep(transaction, [...this.#made.values()], nowMs);
  }

  #remove(key: Key): void {
    const isStored = this.#stored.has(key.reservation);
    // A settlement comes home as the first word about its call, nearly always.
    if (!isStored && this.#made.size === 0) return;
    const name = keyOf(key);
    this.#made.delete(name);
    if (isStored) this.#unneeded.set(name, key);
  }
}

function keyOf({ account, reservation, lease }: Key): string {
  return `${account} ${reservation} ${lease}`;
}

async function forget(transaction: Transaction<Database>, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return;
  await sql`
    delete from corrections
    using unnest(
      (select ${texts(keys.map(({ account }) => account))}::text[]),
      (select ${texts(keys.map(({ reservation }) => reservation))}::text[]),
      (select ${texts(keys.map(({ lease }) => lease))}::text[])
    ) as unneeded (account_id, reservation_id, lease_id)
    where corrections.account_id = unneeded.account_id
      and corrections.reservation_id = unneeded.reservation_id
      and corrections.lease_id = unneeded.lease_id`.execute(transaction);
}

async function forgetLeases(
  transaction: Transaction<Database>,
  leases: readonly { readonly account: AccountId; readonly lease: string }[],
): Promise<void> {
  await sql`
    delete from corrections
    using unnest(
      (select ${texts(leases.map(({ account }) => account))}::text[]),
      (select ${texts(leases.map(({ lease }) => lease))}::text[])
    ) as closed (account_id, lease_id)
    where corrections.account_id = closed.account_id
      and corrections.lease_id = closed.lease_id`.execute(transaction);
}

async function keep(
  transaction: Transaction<Database>,
  made: readonly Correction[],
  nowMs: InstantMs,
): Promise<void> {
  await sql`
    insert into corrections (
      account_id, reservation_id, lease_id, state, spent_nano_usd, shown_nano_usd, made_at
    )
    select made.*, ${new Date(nowMs).toISOString()}::timestamptz
    from unnest(
      ${texts(made.map(({ account }) => account))}::text[],
      ${texts(made.map(({ reservation }) => reservation))}::text[],
      ${texts(made.map(({ lease }) => lease))}::text[],
      ${texts(made.map(({ state }) => state))}::text[],
      ${integers(made.map(({ spent }) => spent))}::bigint[],
      ${integers(made.map(({ shown }) => shown))}::bigint[]
    ) as made
    on conflict (account_id, reservation_id, lease_id) do update set
      state = excluded.state,
      spent_nano_usd = excluded.spent_nano_usd,
      made_at = excluded.made_at`.execute(transaction);
}
