/**
 * Funding: who pays for a call, the service out of its budgets or the user with a key of their own.
 *
 * The service pays while its budgets have room. What the user's own key pays is booked on an account of the user's
 * own and on no budget of the service.
 */
import type { FundingView, OwnKeyView } from '@bursar/api';
import type { OwnKeyStanding } from '../own-keys/own-keys.ts';

/** Who pays. */
export type Funding =
  | { readonly source: 'service' }
  | {
      readonly source: 'own_key';
      /** The id of the user's key. */
      readonly keyId: string;
    };

/** The service pays. */
export const BY_SERVICE: Funding = { source: 'service' };

/** The budget of each user on which their own keys are tracked; the policies may limit it like any other. */
export const OWN_KEY_BUDGET = 'own-key';

/** Who pays, for the caller. */
export function fundingViewOf(funding: Funding, provider: string): FundingView {
  return funding.source === 'service'
    ? { source: 'service' }
    : { source: 'own_key', provider, keyId: funding.keyId };
}

/** Why the user's own key does not pay, and how to change that; `null` where nothing is known that would help. */
export function ownKeyViewOf({ state }: OwnKeyStanding, provider: string): OwnKeyView | null {
  switch (state) {
    case 'none':
      return {
        state,
        provider,
        howToAdd: `Register one with keys.register for the provider ${provider}.`,
      };
    case 'rejected':
      return {
        state,
        provider,
        howToAdd: `Register one that works with keys.register for the provider ${provider}.`,
      };
    case 'good':
    case 'unknown':
      return null;
  }
}
