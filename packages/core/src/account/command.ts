/**
 * What can be asked of one account: plain records, complete in themselves.
 *
 * Amounts are totals since the reservation began ("the call has cost 30 so far", "set 50 aside in all"),
 * never deltas, so that a command can be repeated, delayed or overtaken without granting anything twice.
 */
import type { Amount, SignedAmount } from '../amount.ts';
import type { HolderId, LeaseId, ReservationId } from '../ids.ts';
import type { LeaseAsk } from '../lease/size.ts';
import type { InstantMs } from '../time.ts';
import type { AccountTerms } from './account-terms.ts';
import type { LegState } from './leg.ts';
import type { Json } from './ledger-entry.ts';

/** Commands about one leg; the first index of the transition table's cells. */
export type LegCommand =
  | {
      /** Set `amount` aside until `deadlineAtMs`. */
      readonly kind: 'reserve';
      readonly reservation: ReservationId;
      readonly amount: Amount;
      readonly deadlineAtMs: InstantMs;
    }
  | {
      /** Heartbeat: keep the leg until `deadlineAtMs`, set `amount` aside in total, mark it as on its way. */
      readonly kind: 'extend';
      readonly reservation: ReservationId;
      readonly amount: Amount | null;
      readonly deadlineAtMs: InstantMs;
      readonly dispatched: boolean;
    }
  | {
      /** The call has cost `cost` in total; `final` ends the leg, otherwise it goes on. */
      readonly kind: 'settle';
      readonly reservation: ReservationId;
      readonly cost: Amount;
      readonly final: boolean;
      readonly detail: Json;
    }
  | {
      /** The call will not happen, or not go on: give back what is set aside and not booked. */
      readonly kind: 'release';
      readonly reservation: ReservationId;
      readonly detail: Json;
    }
  | {
      /** End the leg if its deadline has passed. */
      readonly kind: 'expire';
      readonly reservation: ReservationId;
    }
  | {
      /** Another tier reports how the leg stands there; joined by rank, in any order, any number of times. */
      readonly kind: 'ingest';
      readonly reservation: ReservationId;
      readonly state: LegState;
      /** The right that the leg spent under. A leg keeps the one it was first seen with. */
      readonly lease: LeaseId;
      /** The leg's contribution in total. */
      readonly spent: Amount;
      /** What it sets aside and until when; only of a leg that is still open. */
      readonly open?: OpenLeg | undefined;
      /** When it happened there; the present if not given. */
      readonly atMs?: InstantMs | undefined;
      readonly detail: Json;
    };

/** What an open leg sets aside in total, and until when. */
export interface OpenLeg {
  readonly amount: Amount;
  readonly deadlineAtMs: InstantMs;
  readonly dispatched: boolean;
}

/** Commands about the account itself. */
export type AdminCommand =
  | {
      /** From now on at most `limit` in this period; `null` for none. */
      readonly kind: 'setLimit';
      readonly limit: Amount | null;
      readonly detail: Json;
    }
  | {
      /** The budget has no limit of its own any more: what the policies say counts again. */
      readonly kind: 'clearLimit';
      readonly detail: Json;
    }
  | {
      /** What the policies say. Older terms than the account is kept on change nothing. */
      readonly kind: 'setTerms';
      readonly terms: AccountTerms;
    }
  | {
      /** Add credit for this period. `key` is the caller's id of the grant. */
      readonly kind: 'grant';
      readonly key: string;
      readonly amount: Amount;
      readonly detail: Json;
    }
  | {
      /** Correct what is booked, up or down. `key` is the caller's id of the adjustment. */
      readonly kind: 'adjust';
      readonly key: string;
      readonly amount: SignedAmount;
      readonly detail: Json;
    };

/** Commands about a lease of the account. */
export type LeaseCommand =
  | {
      /** Give `holder` a new lease with a first draw; the leases it had on this account become suspect. */
      readonly kind: 'openLease';
      readonly lease: LeaseId;
      readonly holder: HolderId;
      /** Above that of every lease that this holder opened on the account before; else it is too late. */
      readonly ticket: number;
      readonly ask: LeaseAsk;
    }
  | {
      /** Grant more. `have` is the total that the holder knows of: what it missed counts as granted now. */
      readonly kind: 'draw';
      readonly lease: LeaseId;
      readonly holder: HolderId;
      readonly have: Amount;
      readonly ask: LeaseAsk;
    }
  | {
      /** The holder has given back `returned` in total, and cannot spend it any more. */
      readonly kind: 'returnLease';
      readonly lease: LeaseId;
      readonly returned: Amount;
    }
  | {
      /** The holder's copy is lost or doubtful: nothing more is granted, everything still counts. */
      readonly kind: 'suspectLease';
      readonly lease: LeaseId;
    }
  | {
      /** Nobody can still carry its money: what was not booked is free again. The caller has made sure. */
      readonly kind: 'closeLease';
      readonly lease: LeaseId;
    };

/** Everything `transition` understands. */
export type AccountCommand = LegCommand | AdminCommand | LeaseCommand;

/** One command by its kind. */
export type CommandOf<K extends AccountCommand['kind']> = Extract<AccountCommand, { kind: K }>;
