/** The designs without Bursar that keep users' spend in one row each, on a real PostgreSQL. */
import { Pool, type PoolClient } from 'pg';
import { COST, HOLD, LIMIT } from './pairs.ts';

/** One way to account for a call in a row. */
export interface RowDesign {
  readonly name: string;
  /** Accounts for one call of `user`. Rejects when it is refused. */
  call(pool: Pool, user: number): Promise<void>;
}

/** Table with a row a user, and one for what the correct pair writes down. */
export async function makeTables(pool: Pool, users: number): Promise<void> {
  await pool.query(`
    create table spend (user_id int primary key, used bigint not null, held bigint not null, lim bigint not null);
    create table spend_entries (
      id bigint generated always as identity primary key, user_id int not null, amount bigint not null,
      at timestamptz not null default now(), detail jsonb
    )`);
  await pool.query('insert into spend select n, 0, 0, $2 from generate_series(0, $1 - 1) as n', [
    users,
    LIMIT,
  ]);
}

/** Reads what was spent, compares, and writes the sum back. Two calls at a time both pass, and one is forgotten. */
export const SELECT_THEN_UPDATE: RowDesign = {
  name: 'SELECT, then UPDATE',
  async call(pool, user) {
    const { used, lim } = await rowOf(pool, 'select used, lim from spend where user_id = $1', user);
    if (used + COST > lim) throw refused();
    await pool.query('update spend set used = $2 where user_id = $1', [user, used + COST]);
  },
};

/** The same with the row locked between the two. */
export const SELECT_FOR_UPDATE: RowDesign = {
  name: 'SELECT FOR UPDATE, then UPDATE',
  async call(pool, user) {
    await inTransaction(pool, async (client) => {
      const text = 'select used, lim from spend where user_id = $1 for update';
      const { used, lim } = await rowOf(client, text, user);
      if (used + COST > lim) throw refused();
      await client.query('update spend set used = $2 where user_id = $1', [user, used + COST]);
    });
  },
};

/** Check and change in one statement; the cost has to be known before the call. */
export const CONDITIONAL_UPDATE: RowDesign = {
  name: 'one UPDATE … WHERE used + cost <= limit',
  async call(pool, user) {
    const text = 'update spend set used = used + $2 where user_id = $1 and used + $2 <= lim';
    const { rowCount } = await pool.query(text, [user, COST]);
    if (rowCount !== 1) throw refused();
  },
};

/** Holds before the call, books after it, and writes down what happened: what ours does, in rows. */
export const CORRECT_PAIR: RowDesign = {
  name: 'UPDATE to hold, then UPDATE and INSERT to book',
  async call(pool, user) {
    const { rowCount } = await pool.query(
      'update spend set held = held + $2 where user_id = $1 and used + held + $2 <= lim',
      [user, HOLD],
    );
    if (rowCount !== 1) throw refused();
    await pool.query(
      `with booked as (
        update spend set held = held - $2, used = used + $3 where user_id = $1 returning user_id
      )
      insert into spend_entries (user_id, amount, detail) select user_id, $3, $4 from booked`,
      [user, HOLD, COST, '{"model":"gpt-5-mini","basis":"reported"}'],
    );
  },
};

/**
 * A pool of at most `max` connections. Its end does not wait until they are closed, so the end of the server may
 * come first and be heard of, when nobody asks for anything any more.
 */
export function poolOf(databaseUrl: string, max: number): Pool {
  const pool = new Pool({ connectionString: databaseUrl, max });
  pool.on('error', () => {});
  return pool;
}

/** A pool of `max` connections that are all there already. */
export async function openPool(databaseUrl: string, max: number): Promise<Pool> {
  const pool = poolOf(databaseUrl, max);
  const clients = await Promise.all(Array.from({ length: max }, () => pool.connect()));
  for (const client of clients) client.release();
  return pool;
}

/**
 * What a burst of `calls` at once on one user with room for `affordable` of them comes to: what the calls that
 * went through have cost beyond the limit, in nano-USD.
 */
export async function overspendOfBurst(
  pool: Pool,
  design: RowDesign,
  { user, calls, affordable }: { user: number; calls: number; affordable: number },
): Promise<number> {
  const limit = affordable * COST;
  await pool.query(
    `insert into spend values ($1, 0, 0, $2)
     on conflict (user_id) do update set used = 0, held = 0, lim = excluded.lim`,
    [user, limit],
  );
  const ends = await Promise.allSettled(
    Array.from({ length: calls }, () => design.call(pool, user)),
  );
  const passed = ends.filter(({ status }) => status === 'fulfilled').length;
  return Math.max(0, passed * COST - limit);
}

async function rowOf(
  client: Pool | PoolClient,
  text: string,
  user: number,
): Promise<{ used: number; lim: number }> {
  const { rows } = await client.query<{ used: string; lim: string }>(text, [user]);
  return { used: Number(rows[0]?.used), lim: Number(rows[0]?.lim) };
}

async function inTransaction(
  pool: Pool,
  work: (client: PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await work(client);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

function refused(): Error {
  return new Error('refused');
}
