/** Why requests are refused that nobody can price. In a file of its own, because it is loaded only when one is. */

/** Why a route has no price. */
export type RefusalReason = 'later' | 'by_time' | 'by_piece' | 'administration' | 'undecided';

/** Each completes "POST /v1/… was not sent: ". */
export const REFUSAL_REASONS: Readonly<Record<RefusalReason, string>> = {
  later:
    'what it costs arises later, out of sight of this request; send it with a client that is not wrapped, and meter it with bursar.meter',
  by_time: 'it is charged by time or storage, for which Bursar has no rule',
  by_piece: 'it is charged by the piece, for which Bursar has no rule',
  administration:
    'it administers the provider’s account, which is nothing that a user’s budget pays for; use a client that is not wrapped',
  undecided: 'Bursar has no rule for what this route costs',
};
