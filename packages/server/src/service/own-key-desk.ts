/** `keys.*` for a caller: the tenant from the principal, records as they are shown. */
import type {
  BursarService,
  ListKeysOutput,
  OpenKeyOutput,
  RegisteredKey,
  Principal,
  RejectKeyOutput,
  RevokeKeyOutput,
} from '@bursar/api';
import { BursarError } from '@bursar/core';
import type { OwnKeyPlace, OwnKeyRecord } from '../own-keys/own-key-store.ts';
import type { OwnKeys } from '../own-keys/own-keys.ts';
import type { Terms } from './terms.ts';

type Message<Method extends keyof BursarService> = Parameters<BursarService[Method]>[1];

/** The terms of a reservation that is open; throws why it is not. */
type TermsOfOpen = (principal: Principal, reservation: string) => Promise<Terms>;

/** Answers callers. Throws what `OwnKeys` throws. */
export class OwnKeyDesk {
  readonly #ownKeys: OwnKeys;
  readonly #termsOfOpen: TermsOfOpen;

  constructor(ownKeys: OwnKeys, termsOfOpen: TermsOfOpen) {
    this.#ownKeys = ownKeys;
    this.#termsOfOpen = termsOfOpen;
  }

  async register(principal: Principal, message: Message<'registerKey'>): Promise<RegisteredKey> {
    return viewOf(await this.#ownKeys.register(placeOf(principal, message), message.key));
  }

  async list(
    { tenant }: Principal,
    { limit, ...query }: Message<'listKeys'>,
  ): Promise<ListKeysOutput> {
    const records = await this.#ownKeys.list({ tenant, ...query, limit: limit + 1 });
    const page = records.slice(0, limit);
    const next = records.length > limit ? (page.at(-1)?.id ?? null) : null;
    return { keys: page.map(viewOf), next };
  }

  /** The key, for a call that it pays for and that is not over. */
  async open(principal: Principal, message: Message<'openKey'>): Promise<OpenKeyOutput> {
    const place = placeOf(principal, message);
    const { user, provider, funding } = await this.#termsOfOpen(principal, message.reservation);
    const opened = await this.#ownKeys.open(place);
    const pays =
      funding.source === 'own_key' &&
      funding.keyId === opened.id &&
      user === place.user &&
      provider === place.provider;
    if (!pays) throw notPaidBy(place);
    return opened;
  }

  async reject(principal: Principal, message: Message<'rejectKey'>): Promise<RejectKeyOutput> {
    const { id, reason } = message;
    const place = placeOf(principal, message);
    return { rejected: await this.#ownKeys.markRejected(place, id, reason) };
  }

  async revoke(principal: Principal, message: Message<'revokeKey'>): Promise<RevokeKeyOutput> {
    return { id: (await this.#ownKeys.revoke(placeOf(principal, message))) ?? null };
  }
}

function notPaidBy({ provider }: OwnKeyPlace): BursarError {
  return new BursarError('own_key_not_found', {
    field: 'reservation',
    message: `The reservation is not paid by the user's present key at ${provider}; reserve with mayUseOwnKey, and open the key that the answer names.`,
  });
}

function placeOf(
  { tenant }: Principal,
  { user, provider }: Omit<OwnKeyPlace, 'tenant'>,
): OwnKeyPlace {
  return { tenant, user, provider };
}

/** What may be shown of a record: no digest and no envelope. */
function viewOf(record: OwnKeyRecord): RegisteredKey {
  const { id, user, provider, hint, envelope, registeredAtMs, rejected, revokedAtMs } = record;
  return {
    id,
    user,
    provider,
    hint,
    stored: envelope !== null,
    registeredAt: isoOf(registeredAtMs),
    rejected: rejected === null ? null : { at: isoOf(rejected.atMs), reason: rejected.reason },
    revokedAt: revokedAtMs === null ? null : isoOf(revokedAtMs),
  };
}

function isoOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
