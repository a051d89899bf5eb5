/**
 * Ids: branded strings, how they are checked, and how a caller's names become parts of an id.
 *
 * Names come from callers and may hold any Unicode; inside an id every character outside
 * `[A-Za-z0-9_.@-]` is percent-encoded, so that the separators `/` and `:` and the braces of a Redis
 * hash tag can neither collide nor escape. Two different names never make the same id.
 */
import { BursarError } from './errors.ts';

declare const idBrand: unique symbol;
type Id<Name extends string> = string & { readonly [idBrand]: Name };

/** Owner of everything below it and unit of sharding: `[a-z0-9][a-z0-9_-]*`, at most 63 characters. */
export type TenantId = Id<'tenant'>;
/** A budget, `tenant/kind:name/budget`: a limit over a period on a scope. */
export type BudgetId = Id<'budget'>;
/** One budget in one period, `tenant/kind:name/budget/period`. Nothing is ever reset: a new period is a new account. */
export type AccountId = Id<'account'>;
/** A reservation, `tenant/uuid`; the UUID is made by the caller and is its idempotency key. */
export type ReservationId = Id<'reservation'>;
/** A rate limiter, `tenant/kind:name/limiter`: one count on a scope. */
export type LimiterId = Id<'limiter'>;
/** The right that funds a copy of an account. `DIRECT` where the authority itself decides. */
export type LeaseId = Id<'lease'>;
/** Who holds a lease: a Redis dataset, or one life of a process. */
export type HolderId = Id<'holder'>;
/** Digest of the payload behind a caller's id; tells a repeat from a reused id. */
export type Fingerprint = Id<'fingerprint'>;

/** The pseudo-lease of every account under which the authority spends without delegating. */
export const DIRECT: LeaseId = 'direct' as LeaseId;

const PROCESS = 'process:';

/** The holder of the leases of one life of a process, whose copies end with it. `life` is unique. */
export function processHolder(life: string): HolderId {
  return `${PROCESS}${life}` as HolderId;
}

/** Whether `holder` is a process. */
export function isProcessHolder(holder: HolderId): boolean {
  return holder.startsWith(PROCESS);
}

/** Longest name of a user, team, model … in UTF-8 bytes. */
export const NAME_BYTES_MAX = 256;

const TENANT_PATTERN = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const UUID_PATTERN = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Controls, format characters that reorder or hide text, line separators and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;
/** Names that some language turns into something else when they are used as keys. */
const POISONOUS = new Set(['__proto__', 'prototype', 'constructor']);

/** `raw` as a tenant id. Throws `id_invalid`, naming `field`. */
export function tenantId(raw: string, field = 'tenant'): TenantId {
  if (!TENANT_PATTERN.test(raw)) {
    throw invalid(
      field,
      'must be 1 to 63 characters of a-z, 0-9, "_" and "-", starting with a letter or digit',
    );
  }
  return raw as TenantId;
}

/** The reservation `raw` (a lower-case UUID) of `tenant`. Throws `id_invalid`, naming `field`. */
export function reservationId(tenant: TenantId, raw: string, field = 'reservation'): ReservationId {
  if (!UUID_PATTERN.test(raw)) {
    throw invalid(
      field,
      'must be a UUID in lower case, made by the caller, one for each call to a model',
    );
  }
  // Joined, for the reason that `accountId` has.
  return [tenant, raw].join('/') as ReservationId;
}

/** What is wrong with `raw` as a name, as the rest of a sentence that starts with the field; or nothing. */
export function nameProblem(raw: string): string | undefined {
  if (raw.length === 0) return 'must not be empty';
  if (raw.length > NAME_BYTES_MAX) return `must be at most ${NAME_BYTES_MAX} bytes of UTF-8`;
  if (UNPRINTABLE.test(raw)) return 'must not contain control characters or lone surrogates';
  if (raw.trim() !== raw) return 'must not start or end with white space';
  if (POISONOUS.has(raw)) return 'must not be a reserved word of the runtime';
  if (utf8Bytes(raw) > NAME_BYTES_MAX) return `must be at most ${NAME_BYTES_MAX} bytes of UTF-8`;
  return undefined;
}

/** `raw` as one part of an id, percent-encoded. Throws `id_invalid`, naming `field`, for what is no name. */
export function encodeName(raw: string, field: string): string {
  const problem = nameProblem(raw);
  if (problem !== undefined) throw invalid(field, problem);
  return encodeURIComponent(raw)
    .replaceAll('%40', '@')
    .replace(/[!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The name that `encodeName` made `part` from. */
export function decodeName(part: string): string {
  return part.includes('%') ? decodeURIComponent(part) : part;
}

const NOT_ASCII = /[\u0080-\uffff]/;

/** Length of `text` in UTF-8 bytes; lone surrogates count as three, like their replacement. */
export function utf8Bytes(text: string): number {
  // Most text is ASCII, of which that is known in half of the time.
  if (!NOT_ASCII.test(text)) return text.length;
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 4;
      index += 1;
    } else bytes += 3;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('id_invalid', { field, message: `${field} ${problem}` });
}
