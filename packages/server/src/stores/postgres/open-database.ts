/**
 * Opens the database: a PostgreSQL server by URL, or the embedded one in a directory. One schema, one set
 * of migrations, one dialect of SQL; only the connection differs.
 *
 * Either way `bigint` columns arrive as `bigint`: the parsers belong to the connection, nothing global is set.
 */
import {
  Kysely,
  PGliteDialect,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
} from 'kysely';
import { Pool, type PoolConfig, types } from 'pg';
import { openPglite, type OpenPgliteOptions } from './open-pglite.ts';
import type { Database } from './schema.ts';

/**
 * Connections of one server: one lane of commands, and the rest for reads. More make a hot row slower. With the one
 * that listens (`channel-listener.ts`) and one of patience (`patiently`) a server has ten at most.
 */
const POOL_CONNECTIONS_MAX = 8;
const INT8 = 20;

/** Where the data are. */
export type DatabaseLocation =
  | {
      readonly url: string;
      readonly onConnectionLost?: (error: Error) => void;
      /** How long a silent server is waited for, in milliseconds. Default 20,000. */
      readonly queryTimeoutMs?: number;
    }
  | OpenPgliteOptions;

/** An open database. */
export interface OpenedDatabase {
  readonly db: Kysely<Database>;
  /** `postgres`: a server that several processes share; `pglite`: embedded, this process alone. */
  readonly kind: 'postgres' | 'pglite';
  /** Gives `work` a connection without time limits: migrations may wait for each other, and take long. */
  patiently<Result>(work: (db: Kysely<Database>) => Promise<Result>): Promise<Result>;
  /** Closes every connection and, when embedded, frees the directory. Harmless when repeated. */
  close(): Promise<void>;
}

/** Opens a database. An embedded one is made when there is none; a server is not contacted before it is used. */
export async function openDatabase(location: DatabaseLocation): Promise<OpenedDatabase> {
  return 'url' in location ? openServer(location) : openEmbedded(location);
}

type ServerLocation = Extract<DatabaseLocation, { url: string }>;

function openServer(location: ServerLocation): OpenedDatabase {
  const pool = connectionPool(location, {
    max: POOL_CONNECTIONS_MAX,
    // The server gives up first; the client's own limit is for a server that does not answer at all.
    statement_timeout: 15_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: location.queryTimeoutMs ?? 20_000,
  });
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: discardingStuck(pool) }),
  });
  let closing: Promise<void> | undefined;
  return {
    db,
    kind: 'postgres',
    async patiently(work) {
      const patient = new Kysely<Database>({
        dialect: new PostgresDialect({ pool: connectionPool(location, { max: 1 }) }),
      });
      try {
        return await work(patient);
      } finally {
        await patient.destroy();
      }
    },
    close: () => (closing ??= db.destroy()),
  };
}

function connectionPool(location: ServerLocation, options: PoolConfig): Pool {
  const pool = new Pool({
    connectionString: location.url,
    application_name: 'bursar',
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    types: {
      getTypeParser: ((id: number, format: 'text' | 'binary') =>
        id === INT8 && format !== 'binary'
          ? BigInt
          : types.getTypeParser(id, format as 'text')) as typeof types.getTypeParser,
    },
    ...options,
  });
  // A connection that breaks is replaced at its next use. Without a listener the event would end the process:
  // the pool's is for idle connections, each connection's own for those in the middle of a transaction.
  const lost = (error: Error) => location.onConnectionLost?.(error);
  pool.on('error', lost);
  pool.on('connect', (connection) => connection.on('error', lost));
  return pool;
}

/**
 * The pool, but a connection whose query timed out here is thrown away: pg would put it back as idle, with
 * the server still silent on it, and every later query on it would time out too.
 */
function discardingStuck(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      let isStuck = false;
      const query = async (...args: Parameters<typeof client.query>): Promise<unknown> => {
        try {
          return await (client.query(...args) as unknown as Promise<unknown>);
        } catch (error) {
          if ((error as Error).message === 'Query read timeout') isStuck = true;
          throw error;
        }
      };
      return {
        query: query as unknown as PostgresPoolClient['query'],
        release: () => client.release(isStuck),
      };
    },
  } as PostgresPool;
}

async function openEmbedded(options: OpenPgliteOptions): Promise<OpenedDatabase> {
  const opened = await openPglite(options);
  const db = new Kysely<Database>({ dialect: new PGliteDialect({ pglite: opened.pglite }) });
  return {
    db,
    kind: 'pglite',
    patiently: (work) => work(db),
    async close() {
      await db.destroy();
      await opened.close();
    },
  };
}
