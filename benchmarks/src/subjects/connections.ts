/** How many connections to a database are held. */
import { OWN_NAME, type Stores } from './stores.ts';

/** The most that there were whenever `look` was called. */
export class ConnectionsHeld {
  readonly #stores: Pick<Stores, 'database'>;
  readonly #name: string;
  #most = 0;

  /** Of the database at `databaseUrl`, asked over the connection of `stores` for looking. */
  constructor(stores: Pick<Stores, 'database'>, databaseUrl: string) {
    this.#stores = stores;
    this.#name = new URL(databaseUrl).pathname.slice(1);
  }

  get most(): number {
    return this.#most;
  }

  async look(): Promise<void> {
    const { rows } = await this.#stores.database.query<{ held: string }>(
      `select count(*) as held from pg_stat_activity
       where datname = $1 and backend_type = 'client backend' and application_name <> $2`,
      [this.#name, OWN_NAME],
    );
    this.#most = Math.max(this.#most, Number(rows[0]?.held));
  }
}
