/**
 * A store that may only be opened after the server has started.
 *
 * Until it is open every use of it answers as if it were away. So a server that ends in the middle of an
 * outage can be started again, and carry on with what its journal says.
 */
import type { Tier } from '@bursar/core';
import type { StrictStore } from '../open-store.ts';
import type { OwnKeyStore } from '../own-keys/own-key-store.ts';
import type { PolicyStore } from '../policies/policy-store.ts';
import type { SpendFacts } from '../policies/spend-facts.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { StoresAway } from './stores-away.ts';

/** A store, open or not. */
export class LateStore {
  readonly #open: () => Promise<StrictStore>;
  #store: StrictStore | undefined;
  #opening: Promise<StrictStore> | undefined;
  #isClosed = false;

  constructor(open: () => Promise<StrictStore>) {
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#store !== undefined;
  }

  /** The open store. Throws `store_unavailable` until there is one. */
  get store(): StrictStore {
    if (this.#store !== undefined) return this.#store;
    throw new StoresAway('The stores have not been reached since this server was started.');
  }

  /** Opens the store unless it is open. Throws what opening it throws. */
  async open(): Promise<StrictStore> {
    if (this.#store !== undefined) return this.#store;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    const store = await this.#opening;
    this.#store = store;
    if (this.#isClosed) await store.close();
    return store;
  }

  /** Resolves when Redis answers and may decide without PostgreSQL. Throws otherwise. */
  async reachCopies(): Promise<void> {
    const { reachCopies } = this.store;
    if (reachCopies === undefined) throw new StoresAway('There is no store but the one.');
    await reachCopies();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#store?.close();
  }

  /** The store's tier, whenever it is there. */
  tier(name: string): Tier {
    const tier = (): Tier => this.store.tier;
    return {
      name,
      execute: async (command) => tier().execute(command),
      sweep: async (limit) => tier().sweep(limit),
      account: async (id) => tier().account(id),
      limit: async (budget) => tier().limit(budget),
      reservation: async (id) => tier().reservation(id),
      entries: async (query) => tier().entries(query),
      nowMs: async () => tier().nowMs(),
      close: async () => this.#store?.tier.close(),
    };
  }

  /** The store's policies, whenever they are there. `listen` tells of new ones. */
  policies(listen: PolicyStore['listen']): PolicyStore {
    const policies = (): PolicyStore => this.store.policies;
    return {
      isShared: true,
      newest: async (above) => policies().newest(above),
      put: async (set, expected) => policies().put(set, expected),
      history: async (limit) => policies().history(limit),
      ...(listen === undefined ? {} : { listen }),
    };
  }

  /** What scopes have spent, whenever the store is there. */
  spend(): SpendFacts {
    return { spendOf: async (scopes) => this.store.spend.spendOf(scopes) };
  }

  /** The store's tokens, whenever they are there. */
  tokens(): TokenStore {
    const tokens = (): TokenStore => this.store.tokens;
    return {
      find: async (id) => tokens().find(id),
      add: async (record) => tokens().add(record),
      list: async (tenant) => tokens().list(tenant),
      revoke: async (id, atMs) => tokens().revoke(id, atMs),
    };
  }

  /** The store's own keys, whenever they are there. */
  ownKeys(): OwnKeyStore {
    const ownKeys = (): OwnKeyStore => this.store.ownKeys;
    return {
      live: async (place) => ownKeys().live(place),
      put: async (record) => ownKeys().put(record),
      list: async (query) => ownKeys().list(query),
      reject: async (place, id, rejected) => ownKeys().reject(place, id, rejected),
      revoke: async (place, atMs) => ownKeys().revoke(place, atMs),
      reseal: async (id, from, to) => ownKeys().reseal(id, from, to),
      changes: async (after) => ownKeys().changes(after),
    };
  }
}
