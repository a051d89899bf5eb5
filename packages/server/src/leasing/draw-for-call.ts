/**
 * What to do when copies lack the room for a call: draw, and find out whether that can help.
 */
import {
  type Account,
  type AccountId,
  type Amount,
  AMOUNT_MAX,
  available,
  committed,
  DIRECT,
  type Outcome,
  wholeAccount,
} from '@bursar/core';
import type { CopiesGate } from './copies-gate.ts';
import type { LeaseDesk, LegToLease } from './lease-desk.ts';
import type { ShortAnswer } from './standing.ts';

/**
 * Draws on every copy of `short` that lacks room for `wanted`. Answers the refusal when that cannot help,
 * with all accounts as they are; nothing when it is worth looking again. Throws what the stores throw.
 */
export async function drawForCall(
  parts: { readonly desk: LeaseDesk; readonly gate: CopiesGate },
  short: ShortAnswer,
  legs: readonly LegToLease[],
  wanted: Amount,
): Promise<Outcome | undefined> {
  const wholes = new Map(short.copies.map((copy) => [copy.account, wholeAccount(copy, DIRECT)]));
  const drawn = short.shortfalls.map(({ account, missing }) =>
    drawOn(account, missing, parts, short, legs, wanted, wholes),
  );
  const isHopeless = (await Promise.all(drawn)).includes('hopeless');
  if (!isHopeless) return undefined;
  const accounts = legs.flatMap(({ account }) => wholes.get(account) ?? []);
  // Without a limit only what the sums can hold is in the way.
  if (accounts.some((account) => account.limit === null && wanted > roomOf(account))) {
    return { outcome: 'rejected', code: 'amount_out_of_range' };
  }
  const shortfalls = accounts.flatMap((account) => {
    const room = Math.max(0, roomOf(account));
    return wanted > room ? [{ account: account.id, missing: (wanted - room) as Amount }] : [];
  });
  return shortfalls.length === 0 ? undefined : { outcome: 'denied', shortfalls, accounts };
}

async function drawOn(
  account: AccountId,
  missing: Amount,
  { desk, gate }: { readonly desk: LeaseDesk; readonly gate: CopiesGate },
  short: ShortAnswer,
  legs: readonly LegToLease[],
  wanted: Amount,
  wholes: Map<AccountId, Account>,
): Promise<'hopeful' | 'hopeless'> {
  const leg = legs.find((other) => other.account === account);
  const copy = short.copies.find((other) => other.account === account);
  if (leg === undefined || copy === undefined) return 'hopeful';
  if (wanted > roomOf(wholeAccount(copy, DIRECT)) && desk.isSpent(copy)) return 'hopeless';
  const drawn = await desk.draw(leg, copy, wanted);
  if (drawn.outcome === 'superseded') {
    // The authority does not count on this copy any more; this process must not either.
    await gate.handshake(true);
    return 'hopeful';
  }
  const whole = wholeAccount(drawn.copy, DIRECT);
  wholes.set(account, whole);
  // The draw brought too little, and the sum over all places says that it cannot fit anywhere.
  const grew = drawn.copy.drawn - copy.drawn >= missing;
  return !grew && wanted > roomOf(whole) ? 'hopeless' : 'hopeful';
}

/** What fits on the whole account, wherever it is decided. */
function roomOf(account: Account): number {
  return available(account) ?? AMOUNT_MAX - committed(account);
}
