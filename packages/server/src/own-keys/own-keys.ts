/**
 * Users' own keys at a provider: who has one that can pay, and the key itself for the moment of a call.
 *
 * Keys are sealed before they are stored and opened after they are read, here and nowhere else. Without a ring they
 * are recognised and counted as paying, but not kept: then it is the product that has them.
 */
import type { KeyRejection } from '@bursar/api';
import { BursarError, type Clock } from '@bursar/core';
import { v7 as uuidV7 } from 'uuid';
import type { Timers } from '../clock/timers.ts';
import { isAway } from '../leasing/away.ts';
import type { Log } from '../telemetry/logger.ts';
import { seal, unseal } from './envelope.ts';
import { digestOf, isDigestOf } from './key-digest.ts';
import { hintOf } from './key-hint.ts';
import type { KeyRing } from './key-ring.ts';
import { KnownKeys } from './known-keys.ts';
import type { OwnKeyPlace, OwnKeyQuery, OwnKeyRecord, OwnKeyStore } from './own-key-store.ts';
import { type Renewal, renewOwnKeys } from './renew-own-keys.ts';

/** What own keys are made of. */
export interface OwnKeysOptions {
  readonly store: OwnKeyStore;
  /** Absent: keys are recognised, not kept. */
  readonly ring: KeyRing | undefined;
  readonly time: Clock & Timers;
  readonly log: Log;
}

/** Whether a user has a key of their own that pays; `unknown`: the store is away, so none pays. */
export type OwnKeyStanding =
  | { readonly state: 'good'; readonly id: string }
  | { readonly state: 'rejected'; readonly id: string; readonly reason: KeyRejection }
  | { readonly state: 'none' | 'unknown' };

/** An opened key. */
export interface OpenedKey {
  readonly id: string;
  readonly key: string;
}

/** Registers, opens and revokes users' own keys, and knows whose can pay. */
export class OwnKeys {
  readonly #options: OwnKeysOptions;
  readonly #known: KnownKeys;

  constructor(options: OwnKeysOptions) {
    this.#options = options;
    this.#known = new KnownKeys(options.store, options.time);
  }

  /**
   * How the user stands with the provider. For the path of a call: costs the database nothing for a user who called
   * before, and never throws because it is away. Then what was known is believed for `BELIEVED_MS`.
   */
  async standing(place: OwnKeyPlace): Promise<OwnKeyStanding> {
    try {
      const record = await this.#known.live(place);
      if (record === undefined) return { state: 'none' };
      const { id, rejected } = record;
      return rejected === null
        ? { state: 'good', id }
        : { state: 'rejected', id, reason: rejected.reason };
    } catch (error) {
      if (!isAway(error)) throw error;
      return { state: 'unknown' };
    }
  }

  /** The id of the key that pays for the user's calls to the provider: live, and not rejected. See `standing`. */
  async paying(place: OwnKeyPlace): Promise<string | undefined> {
    const standing = await this.standing(place);
    return standing.state === 'good' ? standing.id : undefined;
  }

  /**
   * The user's key. Throws `own_key_not_found` when none can pay, `own_key_unavailable` when it is not kept or does
   * not open, and `store_unavailable`.
   */
  async open(place: OwnKeyPlace): Promise<OpenedKey> {
    const record = await this.#known.live(place);
    if (record === undefined || record.rejected !== null) throw notFound(record);
    const { ring, log } = this.#options;
    if (ring === undefined || record.envelope === null) throw notKept(ring);
    try {
      return { id: record.id, key: unseal(ring, record, record.envelope) };
    } catch (error) {
      log.error({ ownKeyId: record.id, error }, 'a key of a user does not open');
      throw error;
    }
  }

  /**
   * Makes `key` the user's key; the one before it is revoked. The same key once more changes nothing, but takes a
   * rejection away. `key` must have been checked: 8 to 512 printable ASCII characters.
   */
  async register(place: OwnKeyPlace, key: string): Promise<OwnKeyRecord> {
    const { store, ring, time } = this.#options;
    const present = await store.live(place);
    if (present !== undefined && (await this.#isKept(present, key))) {
      if (present.rejected === null) return present;
      await this.#changing(place, () => store.reject(place, present.id, null));
      return { ...present, rejected: null };
    }
    const { tenant, user, provider } = place;
    const id = uuidV7();
    const record: OwnKeyRecord = {
      id,
      tenant,
      user,
      provider,
      hint: hintOf(key),
      digest: await digestOf(ring, place, key),
      envelope: ring === undefined ? null : seal(ring, { ...place, id }, key),
      registeredAtMs: time.nowMs(),
      rejected: null,
      revokedAtMs: null,
    };
    await this.#changing(place, () => store.put(record));
    return record;
  }

  /**
   * Notes that the provider did not take the key `id`. Answers whether it is still the user's key. The same once more
   * changes nothing: several calls may have had the key.
   */
  async markRejected(place: OwnKeyPlace, id: string, reason: KeyRejection): Promise<boolean> {
    const { store, time } = this.#options;
    const present = await store.live(place);
    if (present?.id === id && present.rejected?.reason === reason) return true;
    return this.#changing(place, () => store.reject(place, id, { atMs: time.nowMs(), reason }));
  }

  /** Revokes the user's key and answers its id, if there is one. What was kept of the key is gone at once. */
  async revoke(place: OwnKeyPlace): Promise<string | undefined> {
    const { store, time } = this.#options;
    return this.#changing(place, () => store.revoke(place, time.nowMs()));
  }

  /** Records by id, oldest first; of every tenant if none is named. */
  async list(query: OwnKeyQuery): Promise<readonly OwnKeyRecord[]> {
    return this.#options.store.list(query);
  }

  /**
   * Seals every key with the ring's newest secret, and yields after each batch how far it is. Harmless while servers
   * run, when repeated, and when ended half-way. Throws `own_key_unavailable` without a ring.
   */
  renew(batch?: number): AsyncGenerator<Renewal> {
    const { store, ring } = this.#options;
    if (ring === undefined) throw notKept(ring);
    return renewOwnKeys({ store, ring, ...(batch === undefined ? {} : { batch }) });
  }

  /** Reads no changes any more. */
  close(): void {
    this.#known.close();
  }

  /** Whether `record` is that of `key`, and kept as it would be kept now. */
  async #isKept(record: OwnKeyRecord, key: string): Promise<boolean> {
    const { ring } = this.#options;
    if (record.digest === null || (ring !== undefined && record.envelope === null)) return false;
    return isDigestOf(ring, record.digest, record, key);
  }

  /** Does `change`; whether it worked or not, what was known here is not known any more. */
  async #changing<Result>(place: OwnKeyPlace, change: () => Promise<Result>): Promise<Result> {
    try {
      return await change();
    } finally {
      this.#known.forget(place);
    }
  }
}

function notFound(record: OwnKeyRecord | undefined): BursarError {
  return new BursarError('own_key_not_found', {
    field: 'user',
    message:
      record === undefined
        ? 'The user has no key of their own at this provider; register one with keys.register.'
        : `The provider rejected the user's key (${record.rejected?.reason ?? 'unknown'}); register a working one with keys.register.`,
  });
}

function notKept(ring: KeyRing | undefined): BursarError {
  return new BursarError('own_key_unavailable', {
    message:
      ring === undefined
        ? 'This server keeps no keys: it has no secret to encrypt them with. Set BURSAR_OWN_KEY_SECRETS to name:secret, with a secret from: openssl rand -base64 32'
        : 'Only the digest of this key is kept: it was registered on a server without BURSAR_OWN_KEY_SECRETS. Register it again.',
  });
}
