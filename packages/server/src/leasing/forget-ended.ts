/**
 * Forgetting calls that ended elsewhere.
 *
 * Behind a load balancer the server that settles a call is often not the one that reserved it, which would
 * speak of the call until its deadline: minutes for which its memory fills, and for which what was leased to
 * a lost copy store stays out of reach. The ledger hears of every end, so it is asked. Where a call was
 * settled past the copy that it was reserved on, the copy holds money for it as well, and is told.
 */
import { type Authority, type EndedLeg, EXECUTE_ALL_MAX, ZERO } from '@bursar/core';
import type { CallBook, CallLeg, OpenCall } from './call-book.ts';
import type { CopiesGate } from './copies-gate.ts';

/** Calls that began less long ago are not asked about, in milliseconds: most of them still run. */
const ASKED_AFTER_MS = 3_000;
/** Most questions of one round. */
const QUESTIONS_MAX = 10;

/** A leg of an open call, and what the ledger says of its end. */
interface Ended {
  readonly leg: CallLeg;
  readonly end: EndedLeg;
}

/** Forgets the calls of `calls` that are over everywhere, a bounded number of them at a time. */
export async function forgetEnded(
  calls: CallBook,
  parts: {
    readonly authority: Pick<Authority, 'ended'>;
    readonly gate: Pick<CopiesGate, 'isOpen' | 'execute'>;
    readonly nowMs: number;
  },
): Promise<void> {
  const { authority, gate, nowMs } = parts;
  for (let question = 0; question < QUESTIONS_MAX; question += 1) {
    const open = calls.lookAt(nowMs - ASKED_AFTER_MS, EXECUTE_ALL_MAX);
    if (open.length === 0) return;
    const ends = Map.groupBy(
      await authority.ended(open.map(({ reservation }) => reservation)),
      ({ reservation }) => reservation,
    );
    for (const call of open) {
      const ended = endedLegs(call, ends.get(call.reservation) ?? []);
      // A leg that only this process knows of has to be spoken of.
      if (ended.length < call.legs.length) continue;
      if (await tellCopies(call, ended, gate)) calls.drop(call.reservation);
    }
    if (open.length < EXECUTE_ALL_MAX) return;
  }
}

/**
 * The legs of `call` that are over. A settlement ends a call wherever it was held. Given back or expired under
 * another lease is another hold of the same call, made when an answer had got lost; this one may be used.
 */
function endedLegs({ legs }: OpenCall, ends: readonly EndedLeg[]): readonly Ended[] {
  return legs.flatMap((leg) => {
    const end = ends.find(({ account }) => account === leg.account);
    const isOver = end !== undefined && (end.state === 'settled' || end.lease === leg.lease);
    return isOver ? [{ leg, end }] : [];
  });
}

/** Has the copies give up what they hold of a call that was booked past them. Answers whether they know. */
async function tellCopies(
  { reservation, place }: OpenCall,
  ended: readonly Ended[],
  gate: Pick<CopiesGate, 'isOpen' | 'execute'>,
): Promise<boolean> {
  const corrections = ended
    .filter(({ leg, end }) => place === 'copies' && end.lease !== leg.lease)
    .map(({ leg: { account, lease } }) => ({
      account,
      reservation,
      lease,
      state: 'released' as const,
      spent: ZERO,
      shown: ZERO,
    }));
  if (corrections.length === 0) return true;
  if (!gate.isOpen) return false;
  await gate.execute({ kind: 'correct', reservation, corrections });
  return true;
}
