/** Every way in which a call can be denied: a closed union, told apart by `reason`. */
import type { BudgetExhausted } from './budget-exhausted.ts';
import type { LimitTooSmall } from './limit-too-small.ts';
import type { RateLimited } from './rate-limited.ts';
import type { RequestTooLarge } from './request-too-large.ts';
import type { ShareExceeded } from './share-exceeded.ts';

/** The call may not be made; nothing was set aside. */
export type Denied =
  | BudgetExhausted
  | LimitTooSmall
  | RateLimited
  | ShareExceeded
  | RequestTooLarge;

/** Why. */
export type DenialReason = Denied['reason'];

/** The denial with this reason. */
export type DeniedFor<Reason extends DenialReason> = Extract<Denied, { readonly reason: Reason }>;
