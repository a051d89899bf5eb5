/**
 * `keys.register`, `keys.list`, `keys.open`, `keys.reject`, `keys.revoke`: users' own keys at a provider.
 *
 * A key goes in with `register` and comes out of `open`; every other message names it by its id and shows a hint.
 */
import { z } from 'zod';
import { providerField, reservationField, userField } from './fields.ts';

/** Most keys on one page of a list. */
export const KEYS_PAGE_MAX = 200;

/**
 * Why a provider does not take a key: it is not known there (any more), it may not do this, or its own account
 * has no credit.
 */
export const KEY_REJECTIONS = ['invalid', 'forbidden', 'no_credit'] as const;

/** One of `KEY_REJECTIONS`. */
export type KeyRejection = (typeof KEY_REJECTIONS)[number];

/** A provider's key. The message is the same whatever is wrong with it, and never shows any of it. */
const keyField = z
  .string('must be the key in a string')
  .regex(
    /^[\x21-\x7e]{8,512}$/,
    'must be 8 to 512 printable ASCII characters without blanks or line breaks',
  );

/** The id of a registered key: a UUID, made by the server. */
const keyIdField = z
  .string()
  .regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'must be the id of a registered key',
  );

const holderFields = { user: userField, provider: providerField.default('openai') };

/** A registered key as it is shown. */
export interface RegisteredKey {
  readonly id: string;
  readonly user: string;
  readonly provider: string;
  /** Enough to tell it from others, e.g. `sk-…AbCd`; of a short key only `…`. */
  readonly hint: string;
  /** Whether the server keeps the key itself, encrypted, so that `keys.open` can answer with it. */
  readonly stored: boolean;
  /** When it was registered, ISO 8601. */
  readonly registeredAt: string;
  /** When and why the provider did not take it; such a key pays nothing until it is registered again. */
  readonly rejected: { readonly at: string; readonly reason: KeyRejection } | null;
  /** When it was revoked or replaced, ISO 8601; `null` while it is the user's key. */
  readonly revokedAt: string | null;
}

export const registerKeyInput = z.strictObject({
  ...holderFields,
  /** Takes the place of the key that the user had at the provider. */
  key: keyField,
});
export type RegisterKeyInput = z.input<typeof registerKeyInput>;

export const listKeysInput = z.strictObject({
  user: userField.optional(),
  /** Also those that were revoked or replaced. */
  all: z.boolean().default(false),
  /** Where the page before ended. */
  after: keyIdField.optional(),
  limit: z.int().min(1).max(KEYS_PAGE_MAX).default(50),
});
export type ListKeysInput = z.input<typeof listKeysInput>;

export interface ListKeysOutput {
  /** Oldest first. */
  readonly keys: readonly RegisteredKey[];
  /** `after` of the next page; `null` if there is none. */
  readonly next: string | null;
}

export const openKeyInput = z.strictObject({
  ...holderFields,
  /** The open reservation that the key pays for. */
  reservation: reservationField,
});
export type OpenKeyInput = z.input<typeof openKeyInput>;

export interface OpenKeyOutput {
  readonly id: string;
  /** The key itself: for one call, never to be kept or logged. */
  readonly key: string;
}

export const rejectKeyInput = z.strictObject({
  ...holderFields,
  /** The key that was opened; one that was registered since is not meant. */
  id: keyIdField,
  reason: z.enum(KEY_REJECTIONS, `must be one of ${KEY_REJECTIONS.join(', ')}`),
});
export type RejectKeyInput = z.input<typeof rejectKeyInput>;

export interface RejectKeyOutput {
  /** Whether it is still the user's key, and marked now. */
  readonly rejected: boolean;
}

export const revokeKeyInput = z.strictObject(holderFields);
export type RevokeKeyInput = z.input<typeof revokeKeyInput>;

export interface RevokeKeyOutput {
  /** The key that was revoked; `null` if the user had none. */
  readonly id: string | null;
}
