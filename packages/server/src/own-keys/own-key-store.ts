/**
 * The port behind users' own keys: where their records are kept.
 *
 * A store sees envelopes and digests, never a key. At a place (a user's account at a provider) at most one key is
 * live; those before it stay as tombstones, without envelope and digest. Every change has a number, and they become
 * visible in its order, so that whoever reads the changes after the last one it knows misses none.
 */
import type { KeyRejection } from '@bursar/api';
import type { InstantMs, TenantId } from '@bursar/core';

/** Whose key it is, and where it is good. */
export interface OwnKeyPlace {
  readonly tenant: TenantId;
  /** The user as the product names them. */
  readonly user: string;
  readonly provider: string;
}

/** By what a key is recognised, without keeping it. */
export interface KeyDigest {
  /** 32 bytes; see `key-digest.ts`. */
  readonly bytes: Uint8Array;
  /** The secret of the ring behind it; `null`: none, the server had no ring. */
  readonly ringKey: string | null;
}

/** When and why a provider did not take a key. */
export interface Rejection {
  readonly atMs: InstantMs;
  readonly reason: KeyRejection;
}

/** What is kept of a key; table `own_keys`. */
export interface OwnKeyRecord extends OwnKeyPlace {
  /** A UUID of version 7: ids sort by when they were made. */
  readonly id: string;
  /** What people tell it by, e.g. `sk-…AbCd`. */
  readonly hint: string;
  /** `null` of a tombstone. */
  readonly digest: KeyDigest | null;
  /** The key, sealed; `null` of a tombstone, and where the server had no ring. */
  readonly envelope: Uint8Array | null;
  readonly registeredAtMs: InstantMs;
  readonly rejected: Rejection | null;
  /** When it was revoked or replaced; `null` while it is live. */
  readonly revokedAtMs: InstantMs | null;
}

/** Which records to list, by id. */
export interface OwnKeyQuery {
  /** Absent: of every tenant. */
  readonly tenant?: TenantId | undefined;
  readonly user?: string | undefined;
  /** Also tombstones. */
  readonly all: boolean;
  /** Only ids after this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What has changed. */
export interface OwnKeyChanges {
  /** Where; `all` if that was too much to tell. */
  readonly places: readonly OwnKeyPlace[] | 'all';
  /** Number of the last change that there was. */
  readonly last: bigint;
}

/** Where records are kept. Throws `store_unavailable` or `store_timeout`; every call may be repeated. */
export interface OwnKeyStore {
  /** The live key at `place`, rejected or not. */
  live(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined>;
  /** Keeps a new live record; the one before it becomes a tombstone of that instant. */
  put(record: OwnKeyRecord): Promise<void>;
  /** Records by id, oldest first. */
  list(query: OwnKeyQuery): Promise<readonly OwnKeyRecord[]>;
  /** Marks the live key at `place`, if it is `id`; `null` takes the mark away. Answers whether it is. */
  reject(place: OwnKeyPlace, id: string, rejected: Rejection | null): Promise<boolean>;
  /** Makes a tombstone of the live key at `place` and answers its id, if there is one. */
  revoke(place: OwnKeyPlace, atMs: InstantMs): Promise<string | undefined>;
  /** Replaces envelope and digest of a live record that still has the envelope `from`. Answers whether it has. */
  reseal(
    id: string,
    from: Uint8Array,
    to: { readonly envelope: Uint8Array; readonly digest: KeyDigest },
  ): Promise<boolean>;
  /** What has changed after the change number `after`; without one, only the number of the last change. */
  changes(after: bigint | undefined): Promise<OwnKeyChanges>;
}

/** Most places that `changes` names. */
export const CHANGES_MAX = 200;
