/** Calls that a copy has forgotten: what the ledger says of them later replaces what the copy counted, in either store. */
import {
  type AccountId,
  type Amount,
  type CopyCommand,
  type DurationMs,
  type Elsewhere,
  type Fingerprint,
  type InstantMs,
  type LeaseId,
  MemoryCopies,
  type ReservationId,
  TOMBSTONE_MS,
} from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import { expect, it } from 'vitest';
import { redisForTest } from './redis-for-test.ts';

const redis = redisForTest();
const ELSEWHERE = { limit: null, granted: 0, settled: 0, reserved: 0, leased: 0 } as Elsewhere;
const ACCOUNT = 'acme/user:alice/credit/2026-11' as AccountId;
const LEASE = 'lease-1' as LeaseId;
const TTL_MS = 60_000 as DurationMs;
const idOf = (number: number) =>
  `acme/0190a0b0-0000-7000-8000-${String(number).padStart(12, '0')}` as ReservationId;
const OLD = idOf(1);

type Execute = (command: CopyCommand) => unknown;

/** The sums of a copy on which `OLD` was charged 100 at its deadline, and forgotten since. */
async function withForgotten(execute: Execute, clock: ManualClock): Promise<() => Promise<object>> {
  const prepared = (await execute({ kind: 'prepare', account: ACCOUNT, above: 0 })) as {
    readonly ticket: number;
  };
  await execute({
    kind: 'install',
    account: ACCOUNT,
    ticket: prepared.ticket,
    lease: LEASE,
    startAtMs: 0 as InstantMs,
    endAtMs: Date.UTC(2100, 0) as InstantMs,
    drawn: 1_000 as Amount,
    sequence: 0,
    elsewhere: ELSEWHERE,
  });
  await execute({
    kind: 'reserve',
    reservation: OLD,
    fingerprint: 'print' as Fingerprint,
    accounts: [ACCOUNT],
    amount: 100 as Amount,
    ttlMs: TTL_MS,
    terms: null,
  });
  await execute({
    kind: 'extend',
    reservation: OLD,
    amount: null,
    ttlMs: TTL_MS,
    dispatched: true,
  });
  clock.advance(TTL_MS + 1);
  await execute({ kind: 'sweep', account: ACCOUNT, limit: 10 });
  clock.advance(3 * TOMBSTONE_MS);
  expect(await execute({ kind: 'find', reservation: OLD })).toEqual({ answer: 'unknown' });
  return async () => {
    const { copy } = (await execute({ kind: 'read', account: ACCOUNT })) as { copy: object };
    return copy;
  };
}

const STORES: Readonly<Record<string, (clock: ManualClock) => Promise<Execute>>> = {
  memory: async (clock) => {
    const copies = new MemoryCopies({ clock, lineage: 'memory' });
    return (command) => copies.executeNow(command);
  },
  Redis: async (clock) => {
    const copies = await redis.open({ clock });
    return (command) => copies.execute(command);
  },
};

it.each(
  Object.keys(STORES).flatMap((store) => [
    [store, 30],
    [store, 0],
    [store, 250],
  ]) as [string, number][],
)('%s: a settlement of %i replaces the 100 of the estimate, once', async (store, spent) => {
  const clock = new ManualClock();
  const execute = await STORES[store]?.(clock);
  if (execute === undefined) throw new Error('there is no such store');
  const copy = await withForgotten(execute, clock);
  expect(await copy()).toMatchObject({ settled: 100, reserved: 0 });
  const correction = {
    account: ACCOUNT,
    reservation: OLD,
    lease: LEASE,
    state: 'settled' as const,
    spent: spent as Amount,
    shown: 100 as Amount,
  };
  for (let time = 0; time < 2; time += 1) {
    await execute({ kind: 'correct', reservation: OLD, corrections: [correction] });
    expect(await copy()).toMatchObject({ settled: spent, reserved: 0 });
  }
});
