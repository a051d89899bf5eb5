/**
 * The port behind service tokens: where their records are kept.
 *
 * A record holds the SHA-256 of the secret, never the secret. Lookups are by the public id only; comparing
 * the secret is the verifier's business, so that no store ever sees one.
 */
import type { InstantMs, TenantId } from '@bursar/core';
import type { TokenScope } from '@bursar/api';

/** What is kept of a service token; table `service_tokens`, written once except for `revokedAtMs`. */
export interface TokenRecord {
  /** Public part of the token, 16 lower-case hexadecimal digits; unique. */
  readonly id: string;
  readonly tenant: TenantId;
  /** What its owner calls it, for lists. */
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  /** SHA-256 of the secret part, 32 bytes. */
  readonly secretHash: Uint8Array;
  readonly createdAtMs: InstantMs;
  /** `null` while the token is good. */
  readonly revokedAtMs: InstantMs | null;
}

/** Where token records are kept. Throws `store_unavailable` or `store_timeout`; every call may be repeated. */
export interface TokenStore {
  /** The record with this public id, revoked or not, or nothing. */
  find(id: string): Promise<TokenRecord | undefined>;
  /** Keeps a new record. An id that exists already is left as it is. */
  add(record: TokenRecord): Promise<void>;
  /** Every record, revoked ones too, oldest first; only those of `tenant` when given. */
  list(tenant?: TenantId): Promise<readonly TokenRecord[]>;
  /** Marks the token as revoked. Answers whether it exists; the first revocation's time stays. */
  revoke(id: string, atMs: InstantMs): Promise<boolean>;
}
