/** Token records in this process's memory: for tests, and for the memory store. */
import type { InstantMs, TenantId } from '@bursar/core';
import type { TokenRecord, TokenStore } from './token-store.ts';

/** Keeps records as long as the process lives. */
export class MemoryTokenStore implements TokenStore {
  readonly #records = new Map<string, TokenRecord>();

  async find(id: string): Promise<TokenRecord | undefined> {
    return this.#records.get(id);
  }

  async add(record: TokenRecord): Promise<void> {
    if (!this.#records.has(record.id)) this.#records.set(record.id, record);
  }

  async list(tenant?: TenantId): Promise<readonly TokenRecord[]> {
    return [...this.#records.values()]
      .filter((record) => tenant === undefined || record.tenant === tenant)
      .toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  }

  async revoke(id: string, atMs: InstantMs): Promise<boolean> {
    const record = this.#records.get(id);
    if (record === undefined) return false;
    this.#records.set(id, { ...record, revokedAtMs: record.revokedAtMs ?? atMs });
    return true;
  }
}
