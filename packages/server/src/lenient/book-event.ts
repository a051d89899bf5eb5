/**
 * Booking an event of an outage: telling the tier that usually decides how a call stands.
 *
 * A call let through here is reported: the ledger takes it in as spent under its own right, beyond limits if
 * need be, where it shows as overage. A call that the tier knows already, because a store had reserved it, is
 * brought to where it stands by the commands that would have been sent. Both may be repeated at will.
 */
import {
  type Command,
  duration,
  type Ingest,
  type InstantMs,
  type Outcome,
  type Tier,
} from '@bursar/core';
import { isAway } from '../leasing/away.ts';
import type { AwayEvent } from './away-event.ts';
import { reportOf } from './away-report.ts';

/** What the ledger does not say although the event does, and why. */
export interface Refusal {
  readonly reason: 'refused' | 'conflict';
  readonly message: string;
  /** What it could be told once more; nothing when nobody knows what the call is to be booked on. */
  readonly report: Ingest | undefined;
}

/**
 * Makes the books of `tier` say what `event` says, durably. Answers what the tier refuses; throws what it throws
 * when it is away, and then everything is to be done again.
 */
export async function bookEvent(
  tier: Tier,
  event: AwayEvent,
  nowMs: InstantMs,
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = [];
  let isKnown = event.made === undefined;
  for (const leg of event.made?.legs ?? []) {
    const report = reportOf(event, leg);
    const answer = await ask(tier, report);
    const why = answer.why ?? whyNot(answer.outcome);
    if (why !== undefined) refusals.push({ ...why, report });
    // The tier had reserved it, and only its answer got lost; or this is not the first time it is told.
    else if (answer.outcome?.outcome === 'applied' && answer.outcome.replayed) isKnown = true;
  }
  if (!isKnown || refusals.length > 0) return refusals;
  for (const command of commandsOf(event, nowMs)) {
    const { outcome, why } = await ask(tier, command);
    if (command.kind === 'extend' && outcome?.outcome === 'denied') {
      // There is no room for more; that the call runs is still worth knowing.
      await ask(tier, { ...command, amount: null });
    }
    // A heartbeat or a release that comes too late has nothing left to say.
    const refused = why ?? (command.kind === 'settle' ? whyNot(outcome) : undefined);
    if (refused === undefined) continue;
    const reports = (event.made ?? event.adopt)?.legs.map((leg) => reportOf(event, leg));
    return (reports ?? [undefined]).map((report) => ({ ...refused, report }));
  }
  return [];
}

type Why = Pick<Refusal, 'reason' | 'message'>;

/** The answer, or why there is none. Throws when the tier is away. */
async function ask(
  tier: Tier,
  command: Command,
): Promise<{ readonly outcome?: Outcome; readonly why?: Why }> {
  try {
    return { outcome: await tier.execute(command) };
  } catch (error) {
    if (isAway(error)) throw error;
    return { why: { reason: 'refused', message: String((error as Error).message).slice(0, 500) } };
  }
}

/** What brings a call that a tier knows to where the event says it stands. */
export function commandsOf(event: AwayEvent, nowMs: InstantMs): readonly Command[] {
  const { reservation, standing, covered, made } = event;
  const { state, amount, spent, deadlineAtMs, dispatched, detail } = standing;
  const adopt = event.adopt ?? (made && { legs: made.legs, terms: made.terms });
  // In the ledger before the journal forgets it: not only where a store could lose it once more.
  const settle = (final: boolean): Command => ({
    kind: 'settle',
    reservation,
    cost: spent,
    final,
    ack: 'ledger',
    ...(adopt === undefined ? {} : { adopt }),
    detail,
  });
  const soFar = spent > 0 ? [settle(false)] : [];
  const stillOpen = (ttlMs: number): Command => ({
    kind: 'extend',
    reservation,
    amount: made !== undefined || amount > covered ? amount : null,
    ttlMs: duration(Math.max(1, ttlMs)),
    dispatched,
  });
  switch (state) {
    case 'reserved':
      return [stillOpen(deadlineAtMs - nowMs), ...soFar];
    case 'settled':
      return [settle(true)];
    case 'released':
      return [...soFar, { kind: 'release', reservation, detail }];
    case 'expired':
      // Its deadline is past. Whoever holds it ends it likewise, once it is known that the call was made.
      return dispatched ? [stillOpen(0)] : [];
  }
}

/** Why the books do not say what they were told; nothing if they do. */
function whyNot(outcome: Outcome | undefined): Why | undefined {
  if (outcome?.outcome === 'applied') {
    if (!outcome.conflict) return undefined;
    return {
      reason: 'conflict',
      message: 'Another cost was booked for this call before; the first stays.',
    };
  }
  const isContradiction =
    outcome?.outcome === 'rejected' && outcome.code === 'reservation_already_settled';
  return {
    reason: isContradiction ? 'conflict' : 'refused',
    message: `The ledger answered ${JSON.stringify(outcome).slice(0, 400)}.`,
  };
}
