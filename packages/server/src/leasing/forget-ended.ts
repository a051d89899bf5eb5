/**
 * Forgetting calls that ended elsewhere.
 *
 * Behind a load balancer the server that settles a call is often not the one that reserved it, which would
 * speak of the call until its deadline: minutes for which its memory fills, and for which what was leased to
 * a lost copy store stays out of reach. The ledger hears of every end, so it is asked.
 */
import { type Authority, EXECUTE_ALL_MAX } from '@bursar/core';
import type { CallBook, OpenCall } from './call-book.ts';

/** Calls that began less long ago are not asked about, in milliseconds: most of them still run. */
const ASKED_AFTER_MS = 3_000;
/** Most questions of one round. */
const QUESTIONS_MAX = 10;

/** Forgets the calls of `calls` that are over everywhere, a bounded number of them at a time. */
export async function forgetEnded(
  calls: CallBook,
  authority: Pick<Authority, 'ended'>,
  nowMs: number,
): Promise<void> {
  for (let question = 0; question < QUESTIONS_MAX; question += 1) {
    const open = calls.lookAt(nowMs - ASKED_AFTER_MS, EXECUTE_ALL_MAX);
    if (open.length === 0) return;
    const ended = await authority.ended(open.map(({ reservation }) => reservation));
    for (const call of open) {
      // A leg that only this process knows of has to be spoken of.
      const accounts = ended.get(call.reservation) ?? [];
      if (isCovered(call, accounts)) calls.drop(call.reservation);
    }
    if (open.length < EXECUTE_ALL_MAX) return;
  }
}

function isCovered({ legs }: OpenCall, accounts: readonly string[]): boolean {
  return legs.every(({ account }) => accounts.includes(account));
}
