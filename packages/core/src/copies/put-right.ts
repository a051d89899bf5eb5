/**
 * Putting a reservation right in memory: what the authority says became of it, for the copies that are still on
 * the leases it names.
 */
import { type Leg, held, RANK } from '../account/leg.ts';
import { type Amount, difference, subtract, ZERO } from '../amount.ts';
import type { AccountId, Fingerprint, ReservationId } from '../ids.ts';
import type { Correction } from '../reservation/books.ts';
import type { InstantMs } from '../time.ts';
import type { Copy } from './copy.ts';
import type { Kept } from './kept.ts';

/** What changes. */
export interface PutRight {
  readonly kept: Kept;
  readonly copies: readonly Copy[];
}

/** What `corrections` of `reservation`, so far `known`, change; nothing when they are not about these copies. */
export function putRight(
  copyOf: (account: AccountId) => Copy | undefined,
  reservation: ReservationId,
  known: Kept | undefined,
  corrections: readonly Correction[],
  nowMs: InstantMs,
): PutRight | undefined {
  const [first] = corrections;
  if (first === undefined) return undefined;
  const changed: { readonly leg: Leg; readonly copy: Copy }[] = [];
  const isNamed = (account: AccountId): boolean =>
    changed.some(({ leg }) => leg.account === account);
  for (const correction of corrections) {
    const copy = copyOf(correction.account);
    if (copy?.lease !== correction.lease) continue;
    const leg = known?.legs.find((other) => other.account === correction.account);
    // Not a leg of this copy, and nothing else is booked for it than it shows: nothing to put right.
    if (leg === undefined && correction.spent === correction.shown) continue;
    changed.push(legPutRight(copy, leg, correction));
  }
  // A reservation ends as a whole.
  for (const leg of known?.legs ?? []) {
    const copy = copyOf(leg.account);
    if (leg.state !== 'reserved' || isNamed(leg.account) || copy === undefined) continue;
    const { state, spent } = first;
    const { account, lease } = leg;
    changed.push(
      legPutRight(copy, leg, { account, lease, reservation, state, spent, shown: ZERO }),
    );
  }
  if (changed.length === 0) return undefined;
  // Those that had ended and are not named stay known: a later correction of them is not news.
  const others = known?.legs.filter(({ account }) => !isNamed(account)) ?? [];
  const legs = [...changed.map(({ leg }) => leg), ...others].toSorted((a, b) =>
    a.account < b.account ? -1 : 1,
  );
  const made = known?.reservation ?? {
    id: reservation,
    fingerprint: '' as Fingerprint,
    terms: null,
    createdAtMs: nowMs,
  };
  return {
    kept: {
      reservation: { ...made, accounts: legs.map(({ account }) => account) },
      legs,
      isJournaled: true,
    },
    copies: changed.map(({ copy }) => copy),
  };
}

/** One leg, and its copy with it, as the authority says they are. */
function legPutRight(
  copy: Copy,
  leg: Leg | undefined,
  { account, reservation, lease, state, spent, shown }: Correction,
): { readonly leg: Leg; readonly copy: Copy } {
  if (leg !== undefined && isOvertaken(leg, state, spent)) return { leg, copy };
  const now: Leg = leg ?? {
    reservation,
    account,
    lease,
    state,
    amount: ZERO,
    // Ended so long ago that it is forgotten, with what it came to by then.
    spent: shown,
    deadlineAtMs: 0 as InstantMs,
    dispatched: true,
  };
  const change = difference(spent, now.spent);
  const isNews = leg === undefined || leg.state === 'reserved' || change !== 0;
  return {
    leg: { ...now, state, spent },
    copy: !isNews
      ? copy
      : {
          ...copy,
          reserved: leg === undefined ? copy.reserved : subtract(copy.reserved, held(leg)),
          settled: (copy.settled + change) as Amount,
          sequence: copy.sequence + 1,
        },
  };
}

/**
 * Whether a copy knows better than a correction: the call was settled here after the ledger's word was written, and
 * the journal is on its way with that. That nothing was spent under a right besides another one is never overtaken.
 */
function isOvertaken(leg: Leg, state: Correction['state'], spent: Amount): boolean {
  if (leg.state === 'reserved') return false;
  if (state === 'released' && spent === 0) return false;
  const ahead = RANK[leg.state] - RANK[state];
  return ahead > 0 || (ahead === 0 && state !== 'settled' && spent < leg.spent);
}
