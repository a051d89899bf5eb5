/** The physical limit of a ledger: many rows in one statement on one connection, and no question asked. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { COST } from './pairs.ts';

/** Rows of one statement. */
export const ROWS_PER_STATEMENT = 1_000;

const INSERT = `insert into raw_entries
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[], $7::jsonb[])`;
/** The same, and each account's sum with it. */
const INSERT_AND_ADD_UP = `with added as (
    ${INSERT} returning account, amount
  ), sums as (select account, sum(amount) as amount from added group by account)
  insert into raw_balances select account, amount from sums
  on conflict (account) do update set amount = raw_balances.amount + excluded.amount`;

/** One connection that inserts. */
export class RawLedger {
  readonly #client: Client;
  #round = 0;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async open(databaseUrl: string): Promise<RawLedger> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`
      create table if not exists raw_entries (
        id uuid primary key, account text not null, kind text not null, amount bigint not null,
        at timestamptz not null, lease text not null, detail jsonb not null
      );
      create table if not exists raw_balances (account text primary key, amount bigint not null)`);
    return new RawLedger(client);
  }

  /** Inserts `ROWS_PER_STATEMENT` rows over `users` accounts. */
  async insert(users: number, addsUp: boolean): Promise<void> {
    this.#round += 1;
    const rows = Array.from({ length: ROWS_PER_STATEMENT }, (_, index) => index);
    const at = new Date();
    await this.#client.query({
      name: addsUp ? 'insert-and-add-up' : 'insert',
      text: addsUp ? INSERT_AND_ADD_UP : INSERT,
      values: [
        rows.map(idInTimeOrder),
        rows.map((row) => `bench/user:user-${(row + this.#round) % users}/credit/2026-11`),
        rows.map(() => 'settle'),
        rows.map(() => COST),
        rows.map(() => at),
        rows.map(() => 'direct'),
        rows.map(() => '{"model":"gpt-5-mini","basis":"reported"}'),
      ],
    });
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}

/** Like version 7: what is made later sorts later, which is what an index likes. */
function idInTimeOrder(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
