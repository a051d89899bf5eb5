/**
 * Digests: how a key is recognised that is registered again, without being kept.
 *
 * Keys are not all random, and a plain hash would let whoever has the database try keys out on it. So the digest is an
 * HMAC under a key derived from the ring, which is not in the database. Without a ring it is scrypt, which makes
 * trying out slow, 30 to 100 ms a key. Tenant and provider go in: the same key looks different elsewhere.
 */
import { createHmac, scrypt, timingSafeEqual } from 'node:crypto';
import { lengthPrefixed } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';
import type { KeyDigest, OwnKeyPlace } from './own-key-store.ts';

const DIGEST_BYTES = 32;
/** 32 MiB of memory for each digest. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 } as const;

/** What `key` is recognised by at `place` from now on. */
export async function digestOf(
  ring: KeyRing | undefined,
  place: Omit<OwnKeyPlace, 'user'>,
  key: string,
): Promise<KeyDigest> {
  const ringKey = ring?.newest.name ?? null;
  return { bytes: await bytesOf(ring, ringKey, place, key), ringKey };
}

/** Whether `digest` is that of `key`, in a time that does not depend on where they differ. */
export async function isDigestOf(
  ring: KeyRing | undefined,
  digest: KeyDigest,
  place: Omit<OwnKeyPlace, 'user'>,
  key: string,
): Promise<boolean> {
  // The digest of a secret that is gone: nobody can tell, so it counts as another key.
  if (digest.ringKey !== null && ring?.find(digest.ringKey) === undefined) return false;
  const bytes = await bytesOf(ring, digest.ringKey, place, key);
  return bytes.length === digest.bytes.length && timingSafeEqual(bytes, digest.bytes);
}

async function bytesOf(
  ring: KeyRing | undefined,
  ringKey: string | null,
  { tenant, provider }: Omit<OwnKeyPlace, 'user'>,
  key: string,
): Promise<Uint8Array> {
  const secret = ringKey === null ? undefined : ring?.find(ringKey)?.recognising;
  if (secret === undefined) return slowDigest(key, lengthPrefixed(['own key', tenant, provider]));
  return createHmac('sha256', secret)
    .update(lengthPrefixed([tenant, provider, key]))
    .digest();
}

function slowDigest(key: string, salt: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(key, salt, DIGEST_BYTES, SCRYPT, (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
}
