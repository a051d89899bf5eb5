/**
 * Service tokens: `bk_live_<id>_<secret>`, as they are made, written and compared.
 *
 * The id is public and finds the record; the secret is 256 random bits, shown once and kept as SHA-256. A
 * slow hash would add nothing: there is no dictionary of 256-bit secrets. The fixed prefix lets scanners of
 * leaked secrets, and our own redaction, recognise a token.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { TokenScope } from '@bursar/api';
import type { InstantMs, TenantId } from '@bursar/core';
import type { TokenRecord } from './token-store.ts';

const TOKEN_PATTERN = /^bk_live_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;

/** The two parts of a token as a caller sends it. */
export interface TokenParts {
  readonly id: string;
  readonly secret: string;
}

/** A new token, to be shown once, and the record to keep. */
export function makeServiceToken(options: {
  readonly tenant: TenantId;
  readonly name: string;
  readonly scopes: readonly TokenScope[];
  readonly nowMs: InstantMs;
}): { readonly token: string; readonly record: TokenRecord } {
  const id = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  return {
    token: `bk_live_${id}_${secret}`,
    record: {
      id,
      tenant: options.tenant,
      name: options.name,
      scopes: options.scopes,
      secretHash: digestOf(secret),
      createdAtMs: options.nowMs,
      revokedAtMs: null,
    },
  };
}

/** The parts of `token`, or nothing if it is not written like a service token. */
export function parseServiceToken(token: string): TokenParts | undefined {
  const match = TOKEN_PATTERN.exec(token);
  return match?.[1] === undefined || match[2] === undefined
    ? undefined
    : { id: match[1], secret: match[2] };
}

/** SHA-256 of a secret, 32 bytes. */
export function digestOf(secret: string): Uint8Array {
  return hash('sha256', secret, 'buffer');
}

/** Whether two digests are equal, in a time that does not depend on where they differ. */
export function digestsMatch(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
