/**
 * What a product can listen to. Hooks are told, not asked: one that throws is ignored, because logging must
 * not cost anybody a call.
 */
import type { ReserveOutput, SettleOutput } from '@bursar/api';
import type { Usage } from '@bursar/core';

/** How usage is known: the provider said so, it was counted here, or it is a guess about what nobody saw. */
export type Basis = 'reported' | 'counted' | 'estimated';

/** One call to a model. */
export interface CallIdentity {
  /** UUID; also in the ledger. */
  readonly reservation: string;
  readonly user: string;
  /** As the request named it. */
  readonly model: string;
  /** How long it has waited for its turn (`pace`), in milliseconds; 0 without. */
  readonly waitedMs: number;
}

/** What happened to single calls. Every hook is optional. */
export interface CallHooks {
  /** Before the provider is called, or is not. */
  readonly onDecision?: (call: CallIdentity, decision: ReserveOutput) => void;
  /** The call is made unreserved, because nobody hears Bursar (`error`) and `whenUnreachable` is `allow`. */
  readonly onUnreserved?: (call: CallIdentity, error: unknown) => void;
  /** The call's cost is booked. */
  readonly onSettled?: (
    call: CallIdentity,
    settled: SettleOutput & {
      /** Empty for a call that was settled by its cost. */
      readonly usage: Usage;
      readonly basis: Basis;
    },
  ) => void;
  /** The call's cost could not be told, is kept in the journal and booked later; then `onSettled` is told, too. */
  readonly onSettleKept?: (call: CallIdentity) => void;
  /**
   * The call could not be settled or released, even after retries. Its reservation will expire and, if the
   * provider had been called, be charged in full.
   */
  readonly onSettleFailed?: (call: CallIdentity, error: unknown) => void;
  /** A dispatch mark or heartbeat did not arrive. The next one says the same. */
  readonly onHeartbeatFailed?: (call: CallIdentity, error: unknown) => void;
}

/** `first` and `second` together, each told of everything. */
export function bothHooks(first: CallHooks, second: CallHooks): CallHooks {
  const both =
    <Event extends unknown[]>(
      one: ((...event: Event) => void) | undefined,
      other: ((...event: Event) => void) | undefined,
    ) =>
    (...event: Event): void => {
      tell(one, ...event);
      tell(other, ...event);
    };
  return {
    onDecision: both(first.onDecision, second.onDecision),
    onUnreserved: both(first.onUnreserved, second.onUnreserved),
    onSettleKept: both(first.onSettleKept, second.onSettleKept),
    onSettled: both(first.onSettled, second.onSettled),
    onSettleFailed: both(first.onSettleFailed, second.onSettleFailed),
    onHeartbeatFailed: both(first.onHeartbeatFailed, second.onHeartbeatFailed),
  };
}

/** Runs a hook. */
export function tell<Event extends unknown[]>(
  hook: ((...event: Event) => void) | undefined,
  ...event: Event
): void {
  try {
    hook?.(...event);
  } catch {
    // A hook that throws is ignored.
  }
}
