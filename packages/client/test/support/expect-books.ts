/**
 * What is checked at the end of every scenario, whatever happened in it: the provider's own book, the ledger
 * in PostgreSQL, the copies in Redis and what the client was told are about the same calls and the same money.
 */
import type { HistoryEntry } from '@bursar/api';
import type { CallRecord } from '@bursar/local-provider';
import { expect } from 'vitest';
import type { Bursar } from '../../src/connect.ts';
import type { HybridWorld } from './hybrid-world.ts';
import { nanoUsd } from './nano-usd.ts';

/** nano-USD per token, written down here and not taken from Bursar's table. */
const PRICES: Readonly<Record<string, { readonly input: number; readonly output: number }>> = {
  'gpt-4o-mini': { input: 150, output: 600 },
  'gpt-4o': { input: 2_500, output: 10_000 },
  // In text.
  'gpt-realtime': { input: 4_000, output: 16_000 },
};

/** How a reservation may end: once, and once more only when the truth came after its deadline. */
const ENDINGS = ['settle', 'release', 'expire', 'expire settle', 'release settle'];

/** What a scenario left behind, other than order. */
export interface Exceptions {
  /** Booked beyond the limit, nano-USD by user. */
  readonly debt?: Readonly<Record<string, number>>;
  /** Most calls that were charged and may never have arrived: nobody on this side of the network can know. */
  readonly unseen?: number;
  /** Calls that were charged and went to nobody who is asked here. */
  readonly elsewhere?: number;
  /** Calls that the provider answered with an error, and does not bill. */
  readonly refused?: number;
}

/** What was found, in nano-USD. */
export interface Books {
  readonly ledger: number;
  /** What the provider bills, by its own book. */
  readonly billed: number;
  /** Entries by reservation, oldest first. */
  readonly entries: ReadonlyMap<string, readonly HistoryEntry[]>;
}

/** Waits until nothing is under way, then checks that everything adds up. */
export async function expectBooks(world: HybridWorld, exceptions: Exceptions = {}): Promise<Books> {
  const { holds, provider, servers } = world;
  await world.settled();
  const users = [...new Set(Array.from(holds.values(), ({ user }) => user))];
  expect(await world.copies()).toBe(users.length);
  const all: HistoryEntry[] = [];
  for (const user of users) all.push(...(await expectUser(world, user, exceptions)));
  const ledger = chargeOf(all);
  // Everything that was admitted has ended, once; and nothing else is in the ledger.
  const entries = Map.groupBy(all, ({ reservation }) => reservation ?? '');
  expect([...entries.keys()].toSorted()).toEqual([...holds.keys()].toSorted());
  for (const [reservation, ends] of entries) {
    expect(ENDINGS, reservation).toContain(ends.map(({ kind }) => kind).join(' '));
  }
  // The whole database agrees with itself.
  expect(await servers[0].audit?.()).toMatchObject({
    findings: 0,
    shown: [],
    differenceNanoUsd: 0n,
    reservedNanoUsd: 0n,
    settledNanoUsd: BigInt(ledger),
    reservations: { ...tally([...entries.values()]), reserved: 0 },
  });
  // Whoever reached the provider had been admitted, and pays.
  const charged = [...entries.values()].filter((ends) => chargeOf(ends) > 0).length;
  const { unseen = 0, elsewhere = 0, refused = 0 } = exceptions;
  const { arrived } = provider.totals();
  await provider.ended(arrived);
  const expected = charged - elsewhere + refused;
  expect(arrived).toBeLessThanOrEqual(expected);
  expect(arrived).toBeGreaterThanOrEqual(expected - unseen);
  return { ledger, billed: provider.calls.reduce((sum, call) => sum + billOf(call), 0), entries };
}

/**
 * The user's copy in Redis says what the rows of the ledger add up to and holds nothing any more; and nobody
 * is over their limit but by what the scenario says. Answers the rows.
 */
async function expectUser(
  { bursar }: HybridWorld,
  user: string,
  { debt = {} }: Exceptions,
): Promise<readonly HistoryEntry[]> {
  const history = await historyOf(bursar, user);
  const booked = chargeOf(history);
  const { limitUsd, grantedUsd, settledUsd, reservedUsd, availableUsd } =
    await bursar.usage.current({ user });
  const room = nanoUsd(limitUsd ?? '0') + nanoUsd(grantedUsd) - booked;
  expect({
    user,
    settled: nanoUsd(settledUsd),
    reserved: nanoUsd(reservedUsd),
    available: nanoUsd(availableUsd ?? '0'),
    debt: Math.max(0, 0 - room),
  }).toEqual({ user, settled: booked, reserved: 0, available: room, debt: debt[user] ?? 0 });
  return history;
}

/** What the provider bills for a call, nano-USD. */
export function billOf({ model, promptTokens, outputTokens }: CallRecord): number {
  const price = PRICES[model ?? ''];
  if (price === undefined) throw new Error(`the tests have no price for ${String(model)}`);
  return promptTokens * price.input + outputTokens * price.output;
}

/** What `ends` add up to, nano-USD. */
export function chargeOf(ends: readonly HistoryEntry[]): number {
  return ends.reduce((sum, { amountUsd }) => sum + nanoUsd(amountUsd), 0);
}

/**
 * Everything that `user` has left is reserved at once and given back: what an earlier call still kept aside
 * would be missing.
 */
export async function expectRestToFit({ bursar, holds }: HybridWorld, user: string): Promise<void> {
  const { availableUsd } = await bursar.usage.current({ user });
  const reservation = crypto.randomUUID();
  const amountUsd = availableUsd ?? '0';
  const decision = await bursar.meter.reserve({ reservation, user, model: 'gpt-4o', amountUsd });
  expect(decision).toMatchObject({ decision: 'allowed', heldUsd: amountUsd });
  holds.set(reservation, { user, heldUsd: amountUsd });
  await bursar.meter.release({ reservation });
}

/** The user's ledger of this month, oldest first. */
export async function historyOf(bursar: Bursar, user: string): Promise<HistoryEntry[]> {
  const all: HistoryEntry[] = [];
  let cursor: number | undefined;
  for (;;) {
    const page = await bursar.usage.history({ user, limit: 200, ...(cursor ? { cursor } : {}) });
    all.push(...page.entries);
    if (page.nextCursor === null) return all.toReversed();
    cursor = page.nextCursor;
  }
}

/** Reservations by how they ended at last. */
function tally(
  endings: readonly (readonly HistoryEntry[])[],
): Record<'settled' | 'released' | 'expired', number> {
  const last = endings.map((ends) => ends.at(-1)?.kind);
  return {
    settled: last.filter((kind) => kind === 'settle').length,
    released: last.filter((kind) => kind === 'release').length,
    expired: last.filter((kind) => kind === 'expire').length,
  };
}
