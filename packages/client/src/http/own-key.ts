/**
 * Calls that the user's own key pays for: made with that key instead of the service's, and told of when the provider
 * does not take it.
 *
 * A key is asked for when it is needed, put into one request, and kept nowhere.
 */
import type { KeyRejection } from '@bursar/api';
import { BursarError } from '@bursar/core';
import type { MeteringContext } from '../metering-context.ts';
import type { HttpRequest } from './http-request.ts';
import type { ProviderApi } from './provider-api.ts';

/** A key that pays for a call: whose, where, and which of those that were registered. */
export interface PayingKey {
  readonly user: string;
  readonly provider: string;
  /** As `bursar.keys.list` shows it. */
  readonly id: string;
}

/** Where users' own keys are: with the server, or with the product, which answers with the key itself. */
export type OwnKeySource = 'vault' | ((paying: PayingKey) => string | Promise<string>);

/** `http` with the key that pays for it. Throws what the source throws; whoever keeps no such key says so. */
export async function withOwnKey(
  http: HttpRequest,
  paying: PayingKey,
  source: OwnKeySource,
  at: {
    readonly reservation: string;
    readonly api: ProviderApi;
    readonly context: MeteringContext;
  },
): Promise<HttpRequest> {
  const { api, context, reservation } = at;
  const key = await keyFrom(source, paying, reservation, context);
  const headers = new Headers(http.headers);
  api.putKey(headers, key);
  return { ...http, headers };
}

async function keyFrom(
  source: OwnKeySource,
  paying: PayingKey,
  reservation: string,
  { keys }: MeteringContext,
): Promise<string> {
  const { user, provider, id } = paying;
  if (source !== 'vault') return await source(paying);
  const opened = await keys.open({ user, provider, reservation });
  if (opened.id === id) return opened.key;
  throw new BursarError('own_key_not_found', {
    message: 'The key that was to pay for the call was replaced meanwhile; make the call again.',
  });
}

/** Why the provider does not take the key that `response` answers to; nothing when it is not about the key. */
export async function rejectionIn(response: Response): Promise<KeyRejection | undefined> {
  switch (response.status) {
    case 401:
      return 'invalid';
    case 402:
      return 'no_credit';
    case 403:
      return 'forbidden';
    case 429:
      return (await saysNoCredit(response.clone())) ? 'no_credit' : undefined;
    default:
      return undefined;
  }
}

/** OpenAI answers 429 for two things: too fast, and an account without credit. */
async function saysNoCredit(response: Response): Promise<boolean> {
  const body: unknown = await response.json().catch(() => undefined);
  const { error } = (body ?? {}) as { readonly error?: { readonly code?: unknown } };
  return error?.code === 'insufficient_quota';
}

/** Tells the server of it, and answers with the error for the caller. */
export async function rejectOwnKey(
  { user, provider, id }: PayingKey,
  reason: KeyRejection,
  { keys }: MeteringContext,
): Promise<BursarError> {
  // Should that not arrive, the next call finds out anew.
  await keys.reject({ user, provider, id, reason }).catch(() => {});
  return new BursarError('own_key_rejected', {
    message: `${provider} did not accept the user's own key (${reason}); nothing was charged. The user has to register another one.`,
  });
}
