/** The book of an outage on its own: what of it survives a crash, and what it never forgets. */
import type { Amount } from '@bursar/core';
import { ManualClock, TestPurse } from '@bursar/testkit';
import { expect, it } from 'vitest';
import { AwayBook } from '../../src/lenient/away-book.ts';
import type { AwayRecord, CallCommand } from '../../src/lenient/away-event.ts';
import { LastSeen } from '../../src/lenient/last-seen.ts';

const clock = new ManualClock();
const seen = new LastSeen();

/** A book, and a purse whose commands it decides; every event is written down. */
function open(records: AwayRecord[] = []) {
  const book = new AwayBook({ allowance: 1_000 as Amount, openMax: 10, callsMax: 10 });
  book.restore(records);
  const tier = {
    execute: async (command: CallCommand) => {
      const { outcome, event } = book.decide(command, clock.nowMs(), seen);
      if (event !== undefined) records.push({ event });
      return outcome;
    },
  };
  return { book, records, purse: new TestPurse(tier as never, clock, 'acme' as never) };
}

it('numbers events after all that were ever written, also those that are booked', async () => {
  const first = open();
  const other = await first.purse.open('bob', 10);
  const id = await first.purse.open('alice', 10);
  const [, event] = first.book.pending();
  if (event === undefined) throw new Error('nothing is pending');
  first.records.push({ booked: [[id, event.number]] });
  const second = open(first.records);
  expect(second.book.pending().map(({ reservation }) => reservation)).toEqual([other]);
  await second.purse.settle(id, 7);
  // Whoever reads both takes the settlement for the later one.
  const third = open(second.records);
  expect(third.book.pending()).toMatchObject([
    { reservation: other },
    { reservation: id, standing: { state: 'settled', spent: 7 } },
  ]);
});

it('is the same after a crash, whatever was written twice or in another order', async () => {
  const first = open();
  const settled = await first.purse.open('alice', 300);
  const running = await first.purse.open('alice', 200);
  await first.purse.extend(running, { amount: 250, dispatched: true });
  await first.purse.settle(settled, 120);
  await first.purse.settle(first.purse.idNumber(77), 40);
  const shuffled = [...first.records.toReversed(), ...first.records];
  const second = open(shuffled);
  expect(second.book.used).toBe(first.book.used);
  expect(second.book.pending()).toEqual(first.book.pending());
  expect(second.book.sinceMs).toBe(first.book.sinceMs);
  expect(await second.purse.settle(settled, 120)).toMatchObject({ replayed: true });
  expect(await second.purse.settle(settled, 121)).toMatchObject({ outcome: 'rejected' });
});

it('says everything in its records that a journal written anew has to say', async () => {
  const first = open();
  const id = await first.purse.open('alice', 300);
  for (let beat = 0; beat < 5; beat += 1) {
    clock.advance(1_000);
    await first.purse.extend(id, { dispatched: true });
  }
  await first.purse.settle(id, 10, { final: false });
  const records = [...first.book.records()];
  expect(records).toHaveLength(1);
  expect(open(records).book.pending()).toEqual(first.book.pending());
});

it('keeps a bounded number of calls that nobody knows', async () => {
  const { book, purse } = open();
  const ask = (number: number) => purse.settle(purse.idNumber(number), 0, { final: false });
  for (let number = 1; number <= 20; number += 1) await ask(number);
  expect(book.hasPending).toBe(false);
  await expect(ask(21)).rejects.toMatchObject({ code: 'store_unavailable' });
});
