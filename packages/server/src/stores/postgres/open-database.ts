/**
 * Opens the database: a PostgreSQL server by URL, or the embedded one in a directory. One schema, one set
 * of migrations, one dialect of SQL; only the connection differs.
 *
 * Either way `bigint` columns arrive as `bigint`: the parsers belong to the connection, nothing global is set.
 */
import { Kysely, PGliteDialect, PostgresDialect } from 'kysely';
import { Pool, types } from 'pg';
import { openPglite, type OpenPgliteOptions } from './open-pglite.ts';
import type { Database } from './schema.ts';

/** Connections of one server: one lane of commands, and the rest for reads. More make a hot row slower. */
const POOL_CONNECTIONS_MAX = 10;
const INT8 = 20;

/** Where the data are. */
export type DatabaseLocation =
  | { readonly url: string; readonly onConnectionLost?: (error: Error) => void }
  | OpenPgliteOptions;

/** An open database. */
export interface OpenedDatabase {
  readonly db: Kysely<Database>;
  /** `postgres`: a server that several processes share; `pglite`: embedded, this process alone. */
  readonly kind: 'postgres' | 'pglite';
  /** Closes every connection and, when embedded, frees the directory. Harmless when repeated. */
  close(): Promise<void>;
}

/** Opens a database. An embedded one is made when there is none; a server is not contacted before it is used. */
export async function openDatabase(location: DatabaseLocation): Promise<OpenedDatabase> {
  return 'url' in location ? openServer(location) : openEmbedded(location);
}

function openServer(location: Extract<DatabaseLocation, { url: string }>): OpenedDatabase {
  const pool = new Pool({
    connectionString: location.url,
    max: POOL_CONNECTIONS_MAX,
    application_name: 'bursar',
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    // The server gives up first; the client's own limit is for a server that does not answer at all.
    statement_timeout: 15_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: 20_000,
    types: {
      getTypeParser: ((id: number, format: 'text' | 'binary') =>
        id === INT8 && format !== 'binary'
          ? BigInt
          : types.getTypeParser(id, format as 'text')) as typeof types.getTypeParser,
    },
  });
  // A connection that breaks is replaced at its next use. Without a listener the event would end the process:
  // the pool's is for idle connections, each connection's own for those in the middle of a transaction.
  const lost = (error: Error) => location.onConnectionLost?.(error);
  pool.on('error', lost);
  pool.on('connect', (connection) => connection.on('error', lost));
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  let closing: Promise<void> | undefined;
  return { db, kind: 'postgres', close: () => (closing ??= db.destroy()) };
}

async function openEmbedded(options: OpenPgliteOptions): Promise<OpenedDatabase> {
  const opened = await openPglite(options);
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: opened.pglite }) });
  return {
    db,
    kind: 'pglite',
    async close() {
      await db.destroy();
      await opened.close();
    },
  };
}
