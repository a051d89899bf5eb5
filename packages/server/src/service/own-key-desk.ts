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
import type { OwnKeyPlace, OwnKeyRecord } from '../own-keys/own-key-store.ts';
import type { OwnKeys } from '../own-keys/own-keys.ts';

type Message<Method extends keyof BursarService> = Parameters<BursarService[Method]>[1];

/** Answers callers. Throws what `OwnKeys` throws. */
export class OwnKeyDesk {
  readonly #ownKeys: OwnKeys;

  constructor(ownKeys: OwnKeys) {
    this.#ownKeys = ownKeys;
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

  async open(principal: Principal, message: Message<'openKey'>): Promise<OpenKeyOutput> {
    return this.#ownKeys.open(placeOf(principal, message));
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
