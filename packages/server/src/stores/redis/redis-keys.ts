/**
 * Every Redis key that Bursar uses. Nobody else spells one, least of all a script.
 *
 * | Key | Type | Holds | Expires |
 * |---|---|---|---|
 * | `bursar:{<shard>}:meta` | hash | `inc` layout and incarnation, `lineage` that wrote it | never |
 * | `bursar:{<shard>}:usage:<account>` | hash | a copy and its open legs, or the place kept for one | never |
 * | `bursar:{<shard>}:rate:<limiter>` | string, hash or sorted set | what is in use of a limiter | when nothing is |
 * | `bursar:{<shard>}:open` | hash | open reservations | never |
 * | `bursar:{<shard>}:done:<bucket>` | hash | reservations that ended in a bucket of `TOMBSTONE_MS` | 35 min |
 * | `bursar:{<shard>}:due` | sorted set | accounts by a lower bound of their next deadline | never |
 * | `bursar:{<shard>}:journal` | stream | what happened to reservations | trimmed |
 *
 * The hash tag is the shard, so that one call can carry many users' commands, and a cluster keeps a shard
 * whole. The names of users are percent-encoded in account ids, and can hold neither braces nor blanks.
 */
import { type AccountId, type InstantMs, type LimiterId, TOMBSTONE_MS } from '@bursar/core';

/** Before every key, if the operator says nothing else. */
export const DEFAULT_PREFIX = 'bursar';

/** The keys of one shard. */
export class ShardKeys {
  readonly shard: number;
  readonly meta: string;
  readonly open: string;
  readonly due: string;
  readonly journal: string;
  /** Before the id of an account, and of a limiter, in the name of its key. */
  readonly usagePrefix: string;
  readonly ratePrefix: string;
  readonly #base: string;

  constructor(prefix: string, shard: number) {
    this.shard = shard;
    this.#base = `${prefix}:{${shard}}`;
    this.usagePrefix = `${this.#base}:usage:`;
    this.ratePrefix = `${this.#base}:rate:`;
    this.meta = `${this.#base}:meta`;
    this.open = `${this.#base}:open`;
    this.due = `${this.#base}:due`;
    this.journal = `${this.#base}:journal`;
  }

  /** The copy of an account, or the place kept for it. */
  usage(account: AccountId): string {
    return this.usagePrefix + account;
  }

  /** What is in use of a limiter. */
  rate(limiter: LimiterId): string {
    return this.ratePrefix + limiter;
  }

  /** Reservations that ended in a time bucket, as `bucketAt` counts them. */
  done(bucket: number): string {
    return `${this.#base}:done:${bucket}`;
  }
}

/** The time bucket of an instant. */
export function bucketAt(nowMs: InstantMs): number {
  return Math.floor(nowMs / TOMBSTONE_MS);
}

/** The shard of a tenant, 0 … `shards` − 1: FNV-1a, which must never change. */
export function shardOfTenant(tenant: string, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < tenant.length; index += 1) {
    hash = Math.imul(hash ^ tenant.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shards;
}
