/** Records of own keys in this process's memory: for tests, and for the memory store. */
import type { InstantMs } from '@bursar/core';
import type {
  KeyDigest,
  OwnKeyChanges,
  OwnKeyPlace,
  OwnKeyQuery,
  OwnKeyRecord,
  OwnKeyStore,
  Rejection,
} from './own-key-store.ts';
import { CHANGES_MAX } from './own-key-store.ts';

interface Kept {
  readonly record: OwnKeyRecord;
  readonly changed: bigint;
}

/** Keeps records as long as the process lives. */
export class MemoryOwnKeyStore implements OwnKeyStore {
  readonly #kept = new Map<string, Kept>();
  #last = 0n;

  async live(place: OwnKeyPlace): Promise<OwnKeyRecord | undefined> {
    return this.#liveAt(place);
  }

  async put(record: OwnKeyRecord): Promise<void> {
    if (this.#kept.has(record.id)) return;
    this.#last += 1n;
    const before = this.#liveAt(record);
    if (before !== undefined) this.#write(tombstoneOf(before, record.registeredAtMs));
    this.#write(record);
  }

  async list({ tenant, user, all, after, limit }: OwnKeyQuery): Promise<readonly OwnKeyRecord[]> {
    return [...this.#kept.values()]
      .map(({ record }) => record)
      .filter(
        (record) =>
          (tenant === undefined || record.tenant === tenant) &&
          (user === undefined || record.user === user) &&
          (all || record.revokedAtMs === null) &&
          (after === undefined || record.id > after),
      )
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  }

  async reject(place: OwnKeyPlace, id: string, rejected: Rejection | null): Promise<boolean> {
    const record = this.#liveAt(place);
    if (record?.id !== id) return false;
    this.#last += 1n;
    this.#write({ ...record, rejected });
    return true;
  }

  async revoke(place: OwnKeyPlace, atMs: InstantMs): Promise<string | undefined> {
    const record = this.#liveAt(place);
    if (record === undefined) return undefined;
    this.#last += 1n;
    this.#write(tombstoneOf(record, atMs));
    return record.id;
  }

  async reseal(
    id: string,
    from: Uint8Array,
    to: { readonly envelope: Uint8Array; readonly digest: KeyDigest },
  ): Promise<boolean> {
    const record = this.#kept.get(id)?.record;
    if (record === undefined || record.envelope === null) return false;
    if (!Buffer.from(record.envelope).equals(from)) return false;
    this.#last += 1n;
    this.#write({ ...record, ...to });
    return true;
  }

  async changes(after: bigint | undefined): Promise<OwnKeyChanges> {
    const last = this.#last;
    if (after === undefined) return { places: [], last };
    const changed = [...this.#kept.values()].filter((kept) => kept.changed > after);
    if (changed.length > CHANGES_MAX) return { places: 'all', last };
    return { places: changed.map(({ record }) => record), last };
  }

  #liveAt({ tenant, user, provider }: OwnKeyPlace): OwnKeyRecord | undefined {
    for (const { record } of this.#kept.values()) {
      const isThere =
        record.tenant === tenant && record.user === user && record.provider === provider;
      if (isThere && record.revokedAtMs === null) return record;
    }
    return undefined;
  }

  #write(record: OwnKeyRecord): void {
    this.#kept.set(record.id, { record, changed: this.#last });
  }
}

function tombstoneOf(record: OwnKeyRecord, revokedAtMs: InstantMs): OwnKeyRecord {
  return { ...record, envelope: null, digest: null, revokedAtMs };
}
