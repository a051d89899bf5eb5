/**
 * The terms of an account: what the policies say about its budget in its period, and since when they say so.
 *
 * Owns the record, its order in time and what it comes to as a limit. Servers learn of a policy set one after
 * the other, so what they send along is ordered, and older terms never take the place of newer ones.
 */
import type { Amount } from '../amount.ts';
import type { InstantMs } from '../time.ts';

/** What an account is kept on. Amounts are integer nano-USD. */
export interface AccountTerms {
  /** What the policies let be spent, without grants; 0 is a limit, `null` is none. */
  readonly limit: Amount | null;
  /** Credit that the policies grant for the period. */
  readonly granted: Amount;
  /** Whether the limit refuses calls. Otherwise it is only measured against, and so is what is granted. */
  readonly isEnforced: boolean;
  /** Of the policy set that says so. */
  readonly version: number;
  /** When a record about the budget last began or ended under that set; 0 if none did. */
  readonly sinceMs: InstantMs;
}

/** Whether `terms` count rather than `than`: of a higher version, or of the same and from later on. */
export function isNewerTerms(terms: AccountTerms, than: AccountTerms | undefined): boolean {
  if (than === undefined) return true;
  return (
    terms.version > than.version || (terms.version === than.version && terms.sinceMs > than.sinceMs)
  );
}

/** Whether both come to the same for whoever spends. */
export function areSameTerms(a: AccountTerms, b: AccountTerms): boolean {
  return a.limit === b.limit && a.granted === b.granted && a.isEnforced === b.isEnforced;
}

/** The limit that `terms` set: none where nothing is refused. */
export function limitUnder(terms: AccountTerms): Amount | null {
  return terms.isEnforced ? terms.limit : null;
}
