/**
 * Tokens while their store is away: who has signed in here lately still can.
 *
 * A server that decides alone is no use to callers it cannot recognise. So a record that was looked up is
 * believed for some time longer, if the store cannot be asked: that long, at worst, a token acts that was
 * revoked where this server could not see it. Whoever never signed in here is told to come back later.
 */
import type { Clock, InstantMs, TenantId } from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import { SILENCE, within } from '../lenient/within.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';

/** How long a record is believed that cannot be looked up again. */
export const REMEMBERED_MS = 3_600_000;
/** How long the store may take when there is something to fall back on. */
export const PATIENCE_MS = 1_000;
/** How long a store that did not answer is left alone. */
export const ASK_AGAIN_MS = 1_000;
const RECORDS_MAX = 10_000;

/** A token store with a memory for hard times. */
export class RememberingTokenStore implements TokenStore {
  readonly #store: TokenStore;
  readonly #time: Clock & Timers;
  readonly #records: LRUCache<string, TokenRecord>;
  #leftAloneUntilMs = 0;

  constructor(store: TokenStore, time: Clock & Timers) {
    this.#store = store;
    this.#time = time;
    this.#records = new LRUCache({
      max: RECORDS_MAX,
      ttl: REMEMBERED_MS,
      ttlResolution: 0,
      perf: { now: () => time.nowMs() },
    });
  }

  async find(id: string): Promise<TokenRecord | undefined> {
    const remembered = this.#records.get(id);
    if (remembered === undefined) return this.#lookUp(id);
    if (this.#time.nowMs() < this.#leftAloneUntilMs) return remembered;
    try {
      const found = await within(this.#time, PATIENCE_MS, this.#lookUp(id));
      if (found !== SILENCE) return found;
    } catch (error) {
      if (!isAway(error)) throw error;
    }
    this.#leftAloneUntilMs = this.#time.nowMs() + ASK_AGAIN_MS;
    return remembered;
  }

  add(record: TokenRecord): Promise<void> {
    return this.#store.add(record);
  }

  list(tenant?: TenantId): Promise<readonly TokenRecord[]> {
    return this.#store.list(tenant);
  }

  revoke(id: string, atMs: InstantMs): Promise<boolean> {
    this.#records.delete(id);
    return this.#store.revoke(id, atMs);
  }

  async #lookUp(id: string): Promise<TokenRecord | undefined> {
    const found = await this.#store.find(id);
    if (found === undefined) this.#records.delete(id);
    else this.#records.set(id, found);
    return found;
  }
}
