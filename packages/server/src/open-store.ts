/**
 * Opening a store: the one place where a driver is chosen and made.
 *
 * A store is a tier with what belongs to it: the tokens of its callers, an audit, its schema. Everything
 * above works with this and knows no driver.
 */
import {
  type Amount,
  type Authority,
  BursarError,
  type Clock,
  type InstantMs,
  MemoryTier,
  processHolder,
  type Tier,
} from '@bursar/core';
import { DEFAULTS } from './defaults.ts';
import { ProcessLeases } from './leasing/process-leases.ts';
import { type AuditReport, auditLedger } from './stores/postgres/audit-ledger.ts';
import {
  type DatabaseLocation,
  type OpenedDatabase,
  openDatabase,
} from './stores/postgres/open-database.ts';
import { isCurrent, migrate } from './stores/postgres/migrate.ts';
import { PostgresOwnKeyStore } from './stores/postgres/postgres-own-key-store.ts';
import { PostgresAuthority } from './stores/postgres/postgres-authority.ts';
import { PostgresSpendFacts } from './stores/postgres/postgres-spend-facts.ts';
import { PostgresTokenStore } from './stores/postgres/postgres-token-store.ts';
import { SetAsideEvents } from './stores/postgres/set-aside-events.ts';
import type { Timers } from './clock/timers.ts';
import { openLenient, type WhenAway } from './lenient/open-lenient.ts';
import { MemoryOwnKeyStore } from './own-keys/memory-own-key-store.ts';
import type { OwnKeyStore } from './own-keys/own-key-store.ts';
import type { ModeSource } from './modes/mode.ts';
import { openRedisHybrid } from './open-redis-hybrid.ts';
import type { SyncPreset } from './sync/plan-sync.ts';
import type { SyncTimes } from './sync/sync-manager.ts';
import type { Log } from './telemetry/logger.ts';
import { MemoryPolicyStore } from './policies/memory-policy-store.ts';
import { MemorySpendFacts } from './policies/memory-spend-facts.ts';
import type { PolicyStore } from './policies/policy-store.ts';
import type { SpendFacts } from './policies/spend-facts.ts';
import { listenTo } from './stores/postgres/channel-listener.ts';
import { POLICY_CHANNEL, PostgresPolicyStore } from './stores/postgres/postgres-policy-store.ts';
import { MemoryTokenStore } from './tokens/memory-token-store.ts';
import type { TokenStore } from './tokens/token-store.ts';

/** How long an account of the embedded store is kept in memory that nobody uses. */
const EMBEDDED_IDLE_MS = 600_000;

/** Where the books are: this process's memory, a PostgreSQL server, or PGlite in a directory. */
export type StoreLocation =
  | { readonly kind: 'memory' }
  | { readonly kind: 'postgres'; readonly url: string }
  | ({ readonly kind: 'hybrid' } & HybridLocation)
  | {
      readonly kind: 'pglite';
      /** A directory that no other process uses, or `memory`. */
      readonly directory: string;
      /** Where images of fresh databases are kept, which make the first start fast; writable by us alone. */
      readonly imageDirectory?: string;
      /** How long to wait for another process to leave the directory, in milliseconds. Default: not at all. */
      readonly lockWaitMs?: number;
    };

/** Redis deciding on leases of PostgreSQL. */
export interface HybridLocation {
  readonly databaseUrl: string;
  /** `redis://` or `rediss://`, with user and password. */
  readonly redisUrl: string;
  /** How many shards the keys are spread over: 1 on a single Redis. */
  readonly shards?: number;
  /** What every key in Redis begins with. */
  readonly keyPrefix?: string;
  /** When journals come home. */
  readonly sync?: SyncPreset;
  /** The times that safety rests on, and those of the breaker. Shorter ones are for tests. */
  readonly times?: Partial<SyncTimes> & {
    readonly breakerOpenMs?: number;
    readonly returnStageMs?: number;
    readonly redisTimeoutMs?: number;
  };
}

/** An open store. */
export interface Store {
  readonly tier: Tier;
  readonly tokens: TokenStore;
  /** Users' own keys at a provider. */
  readonly ownKeys: OwnKeyStore;
  /** Default: in memory. */
  readonly policies?: PolicyStore;
  /** What scopes have spent, for promotions. */
  readonly spend: SpendFacts;
  /** Which stores decide, where that can change. */
  readonly modes?: ModeSource;
  /** How often each path was taken, by name; for people and metrics. */
  readonly counts?: () => Readonly<Record<string, number>>;
  /** Recomputes every balance from the ledger; absent where the store keeps no ledger for good. */
  readonly audit?: () => Promise<AuditReport>;
  /** Events that could not be taken in; absent where none are ever kept. */
  readonly setAside?: SetAsideEvents;
  /** Whether the schema is the one that this version works with. */
  isCurrent(): Promise<boolean>;
  /** Lets running commands finish, then frees everything. Harmless when repeated. */
  close(): Promise<void>;
}

/** A store that refuses when it is away, with what it takes to let somebody else decide meanwhile. */
export interface StrictStore extends Store {
  readonly audit: () => Promise<AuditReport>;
  readonly policies: PolicyStore;
  /** Sets aside what cannot be booked. */
  readonly keepAside: Authority['setAside'];
  /** Resolves when Redis answers and may decide without PostgreSQL; absent without a Redis. */
  readonly reachCopies?: () => Promise<void>;
}

/** What a store is opened with. */
export interface OpenStoreOptions {
  readonly location: StoreLocation;
  /** Limit of budgets without their own; `null`: none. */
  readonly defaultLimit: Amount | null;
  readonly log: Log;
  /** The memory store's clock. A database has its own, which is used unless a test hands one in. */
  readonly clock: Clock & Timers;
  readonly databaseClock?: Clock | undefined;
  /** Lets calls through while no store answers; default: they are refused. */
  readonly whenAway?: WhenAway | undefined;
  /** Told which migrations were applied. */
  readonly onMigrated?: (names: readonly string[]) => void;
}

/**
 * Opens a store and brings its schema up to date. Throws `store_unavailable`, naming what to do, and
 * `input_invalid` when `whenAway` is given for books in this process.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { location, whenAway, clock, log } = options;
  if (location.kind === 'memory' || location.kind === 'pglite') {
    if (whenAway !== undefined) throw cannotBeAway();
    return location.kind === 'memory' ? openMemory(options) : openStrict(location, options);
  }
  if (whenAway === undefined) return openStrict(location, options);
  return openLenient({
    location,
    whenAway,
    time: clock,
    log,
    ...listeningTo(location, options),
    openBehind: (carriedSinceMs) => openStrict(location, options, carriedSinceMs),
  });
}

function cannotBeAway(): BursarError {
  return new BursarError('input_invalid', {
    field: 'whenAway',
    message:
      'whenAway is for stores that can be away: books in this very process cannot. Put them into a PostgreSQL server, or leave whenAway out.',
  });
}

function openMemory({ clock, defaultLimit }: OpenStoreOptions): Store {
  const tier = new MemoryTier({ clock, defaultLimit });
  return {
    tier,
    tokens: new MemoryTokenStore(),
    ownKeys: new MemoryOwnKeyStore(),
    policies: new MemoryPolicyStore(clock),
    spend: new MemorySpendFacts(tier),
    isCurrent: async () => true,
    close: () => tier.close(),
  };
}

/** Opens a database, alone or with a Redis. `carriedSinceMs`: see `SyncManagerOptions`. */
async function openStrict(
  location: Exclude<StoreLocation, { kind: 'memory' }>,
  options: OpenStoreOptions,
  carriedSinceMs?: () => InstantMs | undefined,
): Promise<StrictStore> {
  const { defaultLimit, log } = options;
  const database = await openDatabase(databaseAt(location, log));
  try {
    const applied = await migrate(database);
    if (applied.length > 0) log.info({ applied }, 'the database was migrated');
    options.onMigrated?.(applied);
  } catch (error) {
    await database.close();
    throw error;
  }
  const { db } = database;
  const policy = { db, defaultLimit, clock: options.databaseClock };
  const authority = new PostgresAuthority(policy);
  const shared = {
    tokens: new PostgresTokenStore(db),
    ownKeys: new PostgresOwnKeyStore(db),
    policies: new PostgresPolicyStore({
      db,
      clock: options.databaseClock,
      ...listeningTo(location, options),
    }),
    spend: new PostgresSpendFacts(db),
    // On a large ledger it takes longer than any other question may.
    audit: () => database.patiently(auditLedger),
    setAside: new SetAsideEvents(policy),
    isCurrent: () => isCurrent(db),
    keepAside: (events: Parameters<Authority['setAside']>[0]) => authority.setAside(events),
  };
  if (location.kind === 'hybrid') {
    try {
      const hybrid = await openRedisHybrid(location, authority, {
        time: options.clock,
        testClock: options.databaseClock,
        log,
        carriedSinceMs,
      });
      return {
        ...shared,
        ...hybrid,
        async close() {
          await hybrid.close();
          await database.close();
        },
      };
    } catch (error) {
      await database.close();
      throw error;
    }
  }
  if (location.kind === 'pglite') {
    try {
      return { ...shared, ...(await openEmbedded(database, authority, options)) };
    } catch (error) {
      await database.close();
      throw error;
    }
  }
  return {
    ...shared,
    tier: authority,
    async close() {
      await authority.close();
      await database.close();
    },
  };
}

/** The embedded database belongs to this process alone: its memory decides, and the database keeps the books. */
async function openEmbedded(
  database: OpenedDatabase,
  authority: PostgresAuthority,
  { clock, log }: OpenStoreOptions,
): Promise<Omit<Store, 'spend'>> {
  const { db } = database;
  const leases = await ProcessLeases.open({
    authority,
    // The directory's lock sees to it that there is one such process; a new one takes over from the last.
    holder: processHolder('embedded'),
    time: clock,
    log,
    isShared: false,
    idleMs: EMBEDDED_IDLE_MS,
    // What a killed process had leased is free again when the longest of its calls is over.
    times: { deadAfterMs: DEFAULTS.tentativeTtlMs },
  });
  return {
    tier: leases.tier,
    tokens: new PostgresTokenStore(db),
    ownKeys: new PostgresOwnKeyStore(db),
    counts: () => ({ ...leases.sync.counts, ...leases.counts }),
    // On a large ledger it takes longer than any other question may.
    audit: () => database.patiently(auditLedger),
    isCurrent: () => isCurrent(db),
    async close() {
      await leases.close();
      await authority.close();
      await database.close();
    },
  };
}

/** How a server among others hears of new policies; nothing where there are no others. */
function listeningTo(
  location: Exclude<StoreLocation, { kind: 'memory' }>,
  { clock: timers, log }: OpenStoreOptions,
): Pick<PolicyStore, 'listen'> {
  if (location.kind === 'pglite') return {};
  const url = location.kind === 'hybrid' ? location.databaseUrl : location.url;
  return { listen: (heard) => listenTo(POLICY_CHANNEL, heard, { url, timers, log }) };
}

function databaseAt(
  location: Exclude<StoreLocation, { kind: 'memory' }>,
  log: Log,
): DatabaseLocation {
  if (location.kind === 'postgres' || location.kind === 'hybrid') {
    return {
      url: location.kind === 'hybrid' ? location.databaseUrl : location.url,
      onConnectionLost: (error) => log.warn({ error }, 'a connection to PostgreSQL was lost'),
    };
  }
  const { kind: _kind, ...options } = location;
  return options;
}
