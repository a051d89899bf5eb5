/** What the ledger refuses is set aside with its reason, and everything around it goes home. */
import {
  type Amount,
  BursarError,
  type Command,
  type HolderId,
  type InstantMs,
  type JournalEvent,
  type LeaseId,
  type ReservationId,
} from '@bursar/core';
import { ManualClock, MemoryAuthority, TestPurse } from '@bursar/testkit';
import { beforeEach, expect, it } from 'vitest';
import { Intake } from '../../src/sync/intake.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';

let authority: MemoryAuthority;
let purse: TestPurse;
let intake: Intake;
let moved: number;
let sendLast: (commands: readonly Command[]) => ReturnType<MemoryAuthority['executeAll']>;

beforeEach(() => {
  const clock = new ManualClock();
  authority = new MemoryAuthority({ clock, defaultLimit: 1_000_000 as Amount });
  purse = new TestPurse(authority, clock);
  intake = new Intake({ authority, holder: 'redis' as HolderId, time: clock, log: SILENT_LOG });
  moved = 0;
  sendLast = async (commands) => {
    const outcomes = await authority.executeAll(commands);
    moved += 1;
    return outcomes;
  };
});

function settled(reservation: ReservationId, spent: number, lease = 'l1'): JournalEvent {
  const { account, period } = purse.leg('alice');
  const { startAtMs, endAtMs } = period;
  return {
    position: '1-0',
    reservation,
    legs: [{ account, lease: lease as LeaseId, startAtMs, endAtMs }],
    state: 'settled',
    amount: spent as Amount,
    spent: spent as Amount,
    deadlineAtMs: 0 as InstantMs,
    dispatched: true,
    atMs: purse.clock.nowMs(),
    detail: null,
  };
}

/** From now on the authority refuses every batch that has a command about `poison`. */
function refuse(poison: ReservationId): void {
  const executeAll = authority.executeAll.bind(authority);
  authority.executeAll = async (commands) => {
    const isPoisoned = commands.some(
      (command) => 'reservation' in command && command.reservation === poison,
    );
    if (isPoisoned) throw new Error('value out of range');
    return executeAll(commands);
  };
}

it('one refused event among 300 is found and set aside; the position passes only when the others are in', async () => {
  const ids = Array.from({ length: 300 }, () => purse.id());
  const [poison] = ids.slice(137);
  if (poison === undefined) throw new Error('no poison');
  refuse(poison);
  const taken = await intake.events(
    ids.map((id) => settled(id, 1)),
    sendLast,
  );
  expect(taken.setAside).toBe(1);
  expect(moved).toBe(1);
  expect(authority.setAsideEvents()).toMatchObject([
    { reason: 'refused', message: 'value out of range', event: expect.stringContaining(poison) },
  ]);
  expect(await purse.sums('alice')).toMatchObject({ settled: 299 });
});

it('an event that does not read back is kept as it is, and holds nothing up', async () => {
  const id = purse.id();
  await intake.events([{ position: '1-1', malformed: 'garbage' }, settled(id, 5)], sendLast);
  expect(authority.setAsideEvents()).toMatchObject([{ reason: 'malformed', event: 'garbage' }]);
  expect(await purse.sums('alice')).toMatchObject({ settled: 5 });
});

it('a second truth about a call is set aside as a conflict, once, and the first stays', async () => {
  const id = purse.id();
  await intake.events([settled(id, 5)], sendLast);
  for (let round = 0; round < 2; round += 1) await intake.events([settled(id, 6)], sendLast);
  expect(authority.setAsideEvents()).toMatchObject([{ reason: 'conflict' }]);
  expect(await purse.sums('alice')).toMatchObject({ settled: 5 });
});

it('of several truths about a call that cannot be booked, each is kept', async () => {
  const id = purse.id();
  await intake.events([settled(id, 5)], sendLast);
  await intake.events([settled(id, 6)], sendLast);
  await intake.events([settled(id, 7)], sendLast);
  expect(authority.setAsideEvents().map(({ event }) => JSON.parse(event))).toMatchObject([
    { spent: 6 },
    { spent: 7 },
  ]);
});

it('of several events of one journal entry that do not read back, each is kept, once', async () => {
  const page = ['garbage', 'more garbage'].map((malformed) => ({ position: '1-1', malformed }));
  for (let round = 0; round < 2; round += 1) await intake.events(page, sendLast);
  expect(authority.setAsideEvents().map(({ event }) => event)).toEqual(['garbage', 'more garbage']);
});

it('what the books cannot hold is set aside, not retried for ever', async () => {
  await intake.events([settled(purse.id(), Number.MAX_SAFE_INTEGER)], sendLast);
  await intake.events([settled(purse.id(), 1)], sendLast);
  expect(authority.setAsideEvents()).toMatchObject([{ reason: 'refused' }]);
  expect(moved).toBe(2);
});

it('nothing is set aside when the store is away: everything is tried again', async () => {
  const away = async () => {
    throw new BursarError('store_unavailable', { message: 'away' });
  };
  await expect(intake.events([settled(purse.id(), 1)], away)).rejects.toThrow('away');
  expect(authority.setAsideEvents()).toEqual([]);
});

it('a page larger than a transaction moves the position with its last part', async () => {
  const events = Array.from({ length: 2_500 }, () => settled(purse.id(), 1));
  const parts: number[] = [];
  await intake.events(events, async (commands) => {
    parts.push(commands.length);
    expect((await purse.sums('alice')).settled).toBe(2_000);
    return sendLast(commands);
  });
  expect(parts).toEqual([500]);
  expect(await purse.sums('alice')).toMatchObject({ settled: 2_500 });
});
