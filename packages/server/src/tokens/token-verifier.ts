/**
 * Verifying a token: from the text of a caller to a principal.
 *
 * Records are looked up by public id and kept for at most a second, which is how long a revoked token can
 * still act; the secret itself is compared on every call. An unknown id takes the same path as a wrong
 * secret (one lookup, one digest, one comparison), so that neither the answer nor its time tells them apart.
 */
import { type Principal, TOKEN_SCOPES } from '@bursar/api';
import { type Clock, tenantId } from '@bursar/core';
import { LRUCache } from 'lru-cache';
import { digestOf, digestsMatch, parseServiceToken } from './service-token.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';

/** Longest time for which a looked-up record is believed. */
export const TOKEN_CACHE_MS = 1_000;
const TOKEN_CACHE_ENTRIES_MAX = 10_000;

/** What an unknown id is compared with: the digest of nothing anybody knows. */
const NO_RECORD = { secretHash: new Uint8Array(32), revokedAtMs: null } as const;

/** Turns tokens into principals. */
export class TokenVerifier {
  readonly #store: TokenStore;
  readonly #bootstrapDigest: Uint8Array | undefined;
  readonly #records: LRUCache<string, { readonly record: TokenRecord | undefined }>;

  /** `bootstrapToken`, if given, is good for every scope of the tenant `default` and never stored. */
  constructor(options: {
    readonly store: TokenStore;
    readonly clock: Clock;
    readonly bootstrapToken?: string | undefined;
  }) {
    this.#store = options.store;
    this.#bootstrapDigest =
      options.bootstrapToken === undefined ? undefined : digestOf(options.bootstrapToken);
    this.#records = new LRUCache({
      max: TOKEN_CACHE_ENTRIES_MAX,
      ttl: TOKEN_CACHE_MS,
      ttlResolution: 0,
      perf: { now: () => options.clock.nowMs() },
    });
  }

  /** The public id in `token`, if it is written like one; it proves nothing. */
  idOf(token: string): string | undefined {
    return parseServiceToken(token)?.id;
  }

  /** Whom `token` stands for, or nothing if it is no good. Throws what the store throws. */
  async verify(token: string): Promise<Principal | undefined> {
    if (
      this.#bootstrapDigest !== undefined &&
      digestsMatch(digestOf(token), this.#bootstrapDigest)
    ) {
      return { tokenId: 'bootstrap', tenant: tenantId('default'), scopes: TOKEN_SCOPES };
    }
    const parts = parseServiceToken(token);
    if (parts === undefined) return undefined;
    const record = await this.#recordOf(parts.id);
    const matches = digestsMatch(digestOf(parts.secret), (record ?? NO_RECORD).secretHash);
    if (!matches || record === undefined || record.revokedAtMs !== null) return undefined;
    return { tokenId: record.id, tenant: record.tenant, scopes: record.scopes };
  }

  async #recordOf(id: string): Promise<TokenRecord | undefined> {
    const known = this.#records.get(id);
    if (known !== undefined) return known.record;
    const record = await this.#store.find(id);
    this.#records.set(id, { record });
    return record;
  }
}
