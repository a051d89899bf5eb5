/**
 * The key ring: the operator's secrets, under which users' keys are sealed.
 *
 * The first secret of the ring is the newest: it seals. All of them open, so that a secret can be replaced while
 * servers run. A secret itself is used for nothing: each purpose has a key of its own, derived from it by HKDF.
 * They are kept as `KeyObject`s, which no log and no dump of an object shows.
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { BursarError } from '@bursar/core';

/** Bytes of a secret, and of every key made from it. */
const SECRET_BYTES = 32;
const SECRETS_MAX = 8;
const NAME_PATTERN = /^[a-z0-9][a-z0-9_-]{0,31}$/;

/** What one secret of the ring is good for. */
export interface RingKey {
  /** What the operator calls it, 1 to 32 characters; part of everything it has sealed. */
  readonly name: string;
  /** AES-256 key that wraps the data keys. */
  readonly wrapping: KeyObject;
  /** HMAC key behind the digests by which a key is recognised. */
  readonly recognising: KeyObject;
}

/** One to eight secrets by their names. */
export class KeyRing {
  /** The first secret: everything new is sealed with it. */
  readonly newest: RingKey;
  readonly #keys: ReadonlyMap<string, RingKey>;

  private constructor(newest: RingKey, others: readonly RingKey[]) {
    this.newest = newest;
    this.#keys = new Map([newest, ...others].map((key) => [key.name, key]));
  }

  /**
   * The ring in `text`, newest first: `k2:BASE64,k1:BASE64`, each secret 32 bytes. Throws `input_invalid`, naming
   * `field`; no message shows any part of a secret.
   */
  static parse(text: string, field = 'ownKeySecrets'): KeyRing {
    const entries = text.split(',').map((entry) => entry.trim());
    if (entries.length > SECRETS_MAX) throw invalid(field, `there are more than ${SECRETS_MAX}`);
    const [newest, ...others] = entries.map((entry, index) => ringKeyIn(entry, index, field));
    if (newest === undefined) throw invalid(field, 'there is none');
    const names = new Set([newest, ...others].map(({ name }) => name));
    if (names.size < entries.length) throw invalid(field, 'two have the same name');
    return new KeyRing(newest, others);
  }

  /** The key with this name, or nothing if the ring does not have it (any more). */
  find(name: string): RingKey | undefined {
    return this.#keys.get(name);
  }
}

/** The secrets in `text` as they are written there, for a log to leave out. */
export function secretTextsIn(text: string): readonly string[] {
  return text.split(',').map((entry) => entry.slice(entry.indexOf(':') + 1).trim());
}

function ringKeyIn(entry: string, index: number, field: string): RingKey {
  const [name = '', base64 = '', ...rest] = entry.split(':');
  const which = `number ${index + 1}`;
  if (rest.length > 0 || !NAME_PATTERN.test(name)) {
    throw invalid(field, `${which} has no name of 1 to 32 characters of a-z, 0-9, "_" and "-"`);
  }
  const secret = Buffer.from(base64, 'base64');
  if (secret.length !== SECRET_BYTES || secret.toString('base64') !== base64) {
    throw invalid(field, `${which} is not ${SECRET_BYTES} bytes in base64`);
  }
  const key = {
    name,
    wrapping: derive(secret, 'bursar own keys: wrapping, version 1'),
    recognising: derive(secret, 'bursar own keys: recognising, version 1'),
  };
  secret.fill(0);
  return key;
}

function derive(secret: Buffer, purpose: string): KeyObject {
  const bytes = Buffer.from(hkdfSync('sha256', secret, '', purpose, SECRET_BYTES));
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', {
    field,
    message: `${field} must be secrets by name, newest first, such as k2:SECRET,k1:SECRET, each from: openssl rand -base64 32; ${problem}`,
  });
}
