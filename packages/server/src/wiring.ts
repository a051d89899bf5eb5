/**
 * The composition root: a Bursar from its parts, for the process and for embedding alike.
 *
 * Opens the store, starts the sweeper, and hands out the service in-process (`caller`) or over HTTP
 * (`listen`). Nothing below constructs anything of another folder.
 */
import { randomUUID } from 'node:crypto';
import {
  type BursarService,
  type Caller,
  directCaller,
  type Principal,
  TOKEN_SCOPES,
  type TokenScope,
} from '@bursar/api';
import { type Amount, type Clock, parseUsd, type PriceTable, tenantId } from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { systemClock } from './clock/system-clock.ts';
import type { Timers } from './clock/timers.ts';
import { awayDirectoryIn, DEFAULTS } from './defaults.ts';
import { HttpServer } from './http/http-server.ts';
import { OpenStreams } from './http/open-streams.ts';
import { Readiness } from './http/readiness.ts';
import { parseAllowance } from './lenient/allowance.ts';
import type { LenientTimes } from './lenient/lenient-times.ts';
import type { WhenAway } from './lenient/open-lenient.ts';
import { KeyRing } from './own-keys/key-ring.ts';
import { OwnKeys } from './own-keys/own-keys.ts';
import { openStore, type Store, type StoreLocation } from './open-store.ts';
import { directMode, modeView } from './modes/mode.ts';
import { MemoryPolicyStore } from './policies/memory-policy-store.ts';
import { PolicyBook } from './policies/policy-book.ts';
import { Promoter } from './policies/promoter.ts';
import { builtInDocument } from './policies/read-policies.ts';
import { BudgetService } from './service/budget-service.ts';
import type { EstimateCounts } from './service/learned-estimates.ts';
import type { AuditReport } from './stores/postgres/audit-ledger.ts';
import type { SetAsideEvents } from './stores/postgres/set-aside-events.ts';
import { Sweeper } from './sweep/sweeper.ts';
import { failureNoter, type NoteFailure } from './telemetry/error-reporter.ts';
import { type Log, SILENT_LOG } from './telemetry/logger.ts';
import { FailedSignIns } from './tokens/failed-sign-ins.ts';
import { SignIn } from './tokens/sign-in.ts';
import type { TokenStore } from './tokens/token-store.ts';
import { TokenVerifier } from './tokens/token-verifier.ts';

/** How a Bursar is made. Everything has a default. */
export interface BursarOptions {
  /** Where the books are; by default embedded, in `.bursar/data` below the working directory. */
  readonly store?: StoreLocation;
  /** A month's limit of users without their own, decimal USD; `null` for none. Default `"5.00"`. */
  readonly defaultLimitUsd?: string | null;
  /**
   * Lets calls through while no store answers, within an allowance, and books them later; default: they are
   * refused. For stores that can be away: PostgreSQL, with or without a Redis.
   */
  readonly whenAway?: LetThrough | undefined;
  /** Default: the catalogue that comes with Bursar. */
  readonly prices?: PriceTable;
  /** A token for HTTP callers that is good for everything in the tenant `default` and never stored. */
  readonly bootstrapToken?: string | undefined;
  /**
   * Secrets under which users' own keys are encrypted, newest first: `name:secret`, separated by commas, each secret
   * 32 bytes in base64. Default: none, and own keys are recognised but not kept.
   */
  readonly ownKeySecrets?: string | undefined;
  /** Life of a reservation that names none, in milliseconds: the longest call. Default 600,000. */
  readonly tentativeTtlMs?: number;
  /** Life between two heartbeats of a running call, in milliseconds. Default 60,000. */
  readonly dispatchedTtlMs?: number;
  /** Most input tokens that a call may be estimated to have; more are denied. Default 2,000,000. */
  readonly inputTokensMax?: number;
  /**
   * Sets aside for calls without an output cap what such calls have used (all but one in a hundred), instead of the
   * most that the model can produce. More calls fit; those that use more are booked as overage. Default `false`.
   */
  readonly learnedEstimates?: boolean;
  /** Pause between sweeps for expired reservations, in milliseconds. Default 1,000. */
  readonly sweepIntervalMs?: number;
  /** How long `close` waits for running HTTP calls, in milliseconds. Default 10,000. */
  readonly shutdownMs?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
  /** For tests: time for everything, the database included. */
  readonly time?: Clock & Timers;
}

/** How calls are let through while no store answers. */
export interface LetThrough {
  /** What this process may let through in one outage, decimal USD; more than 0, at most 100,000. */
  readonly allowanceUsd: string;
  /**
   * Where what was let through is kept until it is booked; of this process alone, on a disk that outlives it.
   * Default `.bursar/data/away` below the working directory.
   */
  readonly directory?: string;
  /** How long to wait for another process to leave the directory, in milliseconds. Default: not at all. */
  readonly lockWaitMs?: number;
  /** For tests, mostly; see `LENIENT_TIMES`. */
  readonly times?: Partial<LenientTimes>;
}

/** A running Bursar. */
export interface Bursar {
  readonly service: BursarService;
  readonly tokens: TokenStore;
  /** Users' own keys at a provider. */
  readonly ownKeys: OwnKeys;
  /** Recomputes every balance from the ledger; absent in memory. */
  readonly audit?: () => Promise<AuditReport>;
  /** Events that could not be taken into the ledger, for a person to decide on; absent in memory. */
  readonly setAside?: SetAsideEvents;
  /** What was learned from settled calls since the start, and how good the estimates were. */
  readonly estimates: () => EstimateCounts;
  /**
   * Calls procedures in this process, as `principal`, with the parsing and checks of the network. Rejects with
   * `BursarError`.
   */
  caller(
    principal: {
      readonly tenant: string;
      readonly scopes?: readonly TokenScope[];
      /** What histories and ledgers call the caller; default `in-process`. */
      readonly tokenId?: string;
    },
    options?: { readonly signal?: AbortSignal },
  ): Caller;
  /** Listens for HTTP and returns the base URL. Port 0 (the default) picks a free one. Once only. */
  listen(address?: { readonly host?: string; readonly port?: number }): Promise<string>;
  /** Stops: HTTP drained, live streams ended, sweeper stopped, store closed. Harmless when repeated. */
  close(): Promise<void>;
}

/**
 * Opens and starts everything. Throws `store_unavailable` when the store cannot be opened, and `input_invalid` or
 * `amount_out_of_range` for options that make no sense.
 */
export async function createBursar(options: BursarOptions = {}): Promise<Bursar> {
  const { time = systemClock, log = SILENT_LOG } = options;
  const { defaultLimitUsd = DEFAULTS.defaultLimitUsd } = options;
  // Before anything is opened that would have to be closed again.
  if (options.ownKeySecrets !== undefined) KeyRing.parse(options.ownKeySecrets);
  const defaultLimit =
    defaultLimitUsd === null ? null : parseUsd(defaultLimitUsd, 'defaultLimitUsd');
  const store = await openStore({
    location: options.store ?? { kind: 'pglite', directory: DEFAULTS.dataDirectory },
    defaultLimit,
    log,
    clock: time,
    databaseClock: options.time,
    whenAway: options.whenAway && whenAwayOf(options.whenAway),
  });
  return startBursar(store, defaultLimit, { ...options, time, log });
}

function whenAwayOf({ allowanceUsd, directory, ...rest }: LetThrough): WhenAway {
  return {
    ...rest,
    allowance: parseAllowance(allowanceUsd, 'whenAway.allowanceUsd'),
    directory: directory ?? awayDirectoryIn(DEFAULTS.dataDirectory),
  };
}

/** Starts everything over an open store, which belongs to the result from then on. */
export function startBursar(
  store: Store,
  defaultLimit: Amount | null,
  options: BursarOptions & { readonly time: Clock & Timers; readonly log: Log },
): Bursar {
  const { time, log } = options;
  const { tier, tokens } = store;
  const modes = store.modes ?? directMode(time);
  const ownKeys = new OwnKeys({
    store: store.ownKeys,
    ring: options.ownKeySecrets === undefined ? undefined : KeyRing.parse(options.ownKeySecrets),
    time,
    log,
  });
  const policyStore = store.policies ?? new MemoryPolicyStore(time);
  const policies = new PolicyBook({
    store: policyStore,
    builtIn: builtInDocument(defaultLimit),
    time,
    log,
  });
  const service = new BudgetService({
    tier,
    ownKeys,
    policies,
    policyStore,
    spend: store.spend,
    prices: options.prices ?? DEFAULT_PRICE_TABLE,
    time,
    log,
    defaultLimit,
    tentativeTtlMs: options.tentativeTtlMs ?? DEFAULTS.tentativeTtlMs,
    dispatchedTtlMs: options.dispatchedTtlMs ?? DEFAULTS.dispatchedTtlMs,
    inputTokensMax: options.inputTokensMax ?? DEFAULTS.inputTokensMax,
    learnedEstimates: options.learnedEstimates ?? false,
    mode: () => modeView(modes.mode()),
  });
  const intervalMs = options.sweepIntervalMs ?? DEFAULTS.sweepIntervalMs;
  const promoter = new Promoter({
    book: policies,
    store: policyStore,
    spend: store.spend,
    time,
    log,
  });
  const sweeper = new Sweeper({ tier, timers: time, intervalMs, log });
  const noteFailure = failureNoter(log, randomUUID);
  const readiness = new Readiness({ tier, isCurrent: () => store.isCurrent(), modes, time });
  const server = httpServerOf(store, service, readiness, noteFailure, options);
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    await server.drain(options.shutdownMs ?? DEFAULTS.shutdownMs);
    service.close();
    ownKeys.close();
    await sweeper.stop();
    await promoter.stop();
    await policies.stop();
    await store.close();
  }

  sweeper.start();
  promoter.start();
  return {
    service,
    estimates: () => service.estimates.counts,
    tokens,
    ownKeys,
    ...(store.audit === undefined ? {} : { audit: store.audit }),
    ...(store.setAside === undefined ? {} : { setAside: store.setAside }),
    caller: ({ tenant, scopes = TOKEN_SCOPES, tokenId = 'in-process' }, { signal } = {}) => {
      const principal: Principal = { tokenId, tenant: tenantId(tenant), scopes };
      return directCaller(
        { service, principal },
        { note: noteFailure, ...(signal === undefined ? {} : { signal }) },
      );
    },
    listen: ({ host = DEFAULTS.host, port = 0 } = {}) => server.listen(host, port),
    close: () => (closed ??= close()),
  };
}

function httpServerOf(
  store: Store,
  service: BursarService,
  readiness: Readiness,
  noteFailure: NoteFailure,
  options: BursarOptions & { readonly time: Clock & Timers; readonly log: Log },
): HttpServer {
  const { time, log, bootstrapToken } = options;
  const verifier = new TokenVerifier({ store: store.tokens, clock: time, bootstrapToken });
  const signIn = new SignIn(verifier, new FailedSignIns(time), log);
  return new HttpServer({
    service,
    signIn,
    readiness,
    streams: new OpenStreams({
      timers: time,
      isStillGood: (authorization) => signIn.isStillGood(authorization),
      log,
    }),
    clock: time,
    log,
    newErrorId: randomUUID,
    noteFailure,
    timers: time,
  });
}
