/**
 * Renewing: every key that is sealed with an older secret of the ring gets sealed with the newest.
 *
 * Goes through the records by id, a batch at a time, and leaves alone what is sealed with the newest already: so it
 * may be ended anywhere and begun again. A key that changes meanwhile is left to whoever changed it.
 */
import { isBursarError } from '@bursar/core';
import { rewrap, ringKeyNameOf, unseal } from './envelope.ts';
import { digestOf } from './key-digest.ts';
import type { KeyRing } from './key-ring.ts';
import type { OwnKeyRecord, OwnKeyStore } from './own-key-store.ts';

const BATCH = 100;

/** How far a renewal is. */
export interface Renewal {
  /** Live keys looked at. */
  readonly seen: number;
  /** Keys that are sealed with the newest secret now and were not before. */
  readonly renewed: number;
  /** Ids of keys that do not open with this ring; they stay as they are. */
  readonly unreadable: readonly string[];
}

/** Renews the keys in `store`, yielding after each batch. */
export async function* renewOwnKeys(options: {
  readonly store: OwnKeyStore;
  readonly ring: KeyRing;
  readonly batch?: number;
}): AsyncGenerator<Renewal> {
  const { store, ring, batch = BATCH } = options;
  let [seen, renewed] = [0, 0];
  let unreadable: readonly string[] = [];
  for (let after: string | undefined, isLast = false; !isLast;) {
    const records = await store.list({ all: false, after, limit: batch });
    for (const record of records) {
      const result = await renew(store, ring, record);
      if (result === 'renewed') renewed += 1;
      if (result === 'unreadable') unreadable = [...unreadable, record.id];
    }
    seen += records.length;
    after = records.at(-1)?.id;
    isLast = records.length < batch;
    yield { seen, renewed, unreadable };
  }
}

async function renew(
  store: OwnKeyStore,
  ring: KeyRing,
  record: OwnKeyRecord,
): Promise<'renewed' | 'left' | 'unreadable'> {
  const { id, envelope } = record;
  if (envelope === null || ringKeyNameOf(envelope) === ring.newest.name) return 'left';
  try {
    const digest = await digestOf(ring, record, unseal(ring, record, envelope));
    const to = { envelope: rewrap(ring, record, envelope), digest };
    return (await store.reseal(id, envelope, to)) ? 'renewed' : 'left';
  } catch (error) {
    if (isBursarError(error) && error.code === 'own_key_unavailable') return 'unreadable';
    throw error;
  }
}
