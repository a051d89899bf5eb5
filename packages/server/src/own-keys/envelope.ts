/**
 * Envelopes: a key as it is kept, sealed.
 *
 * Each key is encrypted under a random data key of its own, and that is wrapped under the ring's. Both are AES-256-GCM
 * with random nonces, and both are bound to the record: an envelope that was moved to another tenant, user, provider
 * or record does not open. A change of secrets wraps the data key anew and leaves the ciphertext alone.
 *
 *     version 1 | length of name | name | nonce | wrapped data key | tag | nonce | ciphertext | tag
 *               1                1      n      12                 32    16      12            k    16  bytes
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { BursarError } from '@bursar/core';
import type { KeyRing, RingKey } from './key-ring.ts';
import type { OwnKeyPlace } from './own-key-store.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;
const WRAPPED_BYTES = NONCE_BYTES + DATA_KEY_BYTES + TAG_BYTES;

/** The record that an envelope belongs to. */
export type Sealed = OwnKeyPlace & { readonly id: string };

/** `key` under the ring's newest secret, for `record` alone. */
export function seal(ring: KeyRing, record: Sealed, key: string): Uint8Array {
  const dataKey = randomBytes(DATA_KEY_BYTES);
  const plain = Buffer.from(key, 'utf8');
  try {
    const body = encrypt(dataKey, plain, boundTo('key', record));
    return assemble(ring.newest, record, dataKey, body);
  } finally {
    dataKey.fill(0);
    plain.fill(0);
  }
}

/** The key in `envelope`. Throws `own_key_unavailable` if this ring cannot open it for this record. */
export function unseal(ring: KeyRing, record: Sealed, envelope: Uint8Array): string {
  const { wrapped, body, ringKey } = partsOf(ring, envelope);
  const dataKey = decrypt(ringKey.wrapping, wrapped, boundTo(`wrap ${ringKey.name}`, record));
  try {
    const plain = decrypt(dataKey, body, boundTo('key', record));
    const key = plain.toString('utf8');
    plain.fill(0);
    return key;
  } finally {
    dataKey.fill(0);
  }
}

/** The same envelope with its data key under the ring's newest secret. Throws like `unseal`. */
export function rewrap(ring: KeyRing, record: Sealed, envelope: Uint8Array): Uint8Array {
  const { wrapped, body, ringKey } = partsOf(ring, envelope);
  const dataKey = decrypt(ringKey.wrapping, wrapped, boundTo(`wrap ${ringKey.name}`, record));
  try {
    return assemble(ring.newest, record, dataKey, body);
  } finally {
    dataKey.fill(0);
  }
}

/** The name of the secret that `envelope` is sealed with, as far as it can be told. */
export function ringKeyNameOf(envelope: Uint8Array): string {
  return Buffer.from(envelope.subarray(2, 2 + (envelope[1] ?? 0))).toString('latin1');
}

function assemble(ringKey: RingKey, record: Sealed, dataKey: Buffer, body: Uint8Array): Uint8Array {
  const name = Buffer.from(ringKey.name, 'latin1');
  const wrapped = encrypt(ringKey.wrapping, dataKey, boundTo(`wrap ${ringKey.name}`, record));
  return Buffer.concat([Buffer.from([VERSION, name.length]), name, wrapped, body]);
}

function partsOf(ring: KeyRing, envelope: Uint8Array) {
  const name = ringKeyNameOf(envelope);
  const ringKey = ring.find(name);
  const bodyAt = 2 + name.length + WRAPPED_BYTES;
  if (envelope[0] !== VERSION || envelope.length < bodyAt + NONCE_BYTES + TAG_BYTES) {
    throw damaged();
  }
  if (ringKey === undefined) {
    throw new BursarError('own_key_unavailable', {
      message: /^[a-z0-9_-]+$/.test(name)
        ? `The key was sealed with the secret "${name}", which this server does not have; add it to the end of BURSAR_OWN_KEY_SECRETS.`
        : DAMAGED,
    });
  }
  return {
    ringKey,
    wrapped: envelope.subarray(bodyAt - WRAPPED_BYTES, bodyAt),
    body: envelope.subarray(bodyAt),
  };
}

function encrypt(key: KeyObject | Buffer, plain: Uint8Array, bound: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject | Buffer, sealed: Uint8Array, bound: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(bound)
    .setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    throw damaged();
  }
}

/** What a ciphertext is bound to: its purpose and its record, each part with its length before it. */
function boundTo(purpose: string, { tenant, user, provider, id }: Sealed): Uint8Array {
  return lengthPrefixed([`bursar own key, version 1: ${purpose}`, tenant, user, provider, id]);
}

/** `parts` in bytes such that no other parts make the same. */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

const DAMAGED =
  'The key does not open: what is kept of it was altered, or belongs to another record, or the secret of that name in BURSAR_OWN_KEY_SECRETS is another one. Put the right secret back, or have the user register the key again.';

function damaged(): BursarError {
  return new BursarError('own_key_unavailable', { message: DAMAGED });
}
