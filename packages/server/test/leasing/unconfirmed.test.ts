import { comparePositions, type InstantMs, type ReservationId } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Unconfirmed, UnconfirmedBook } from '../../src/leasing/unconfirmed.ts';

const position = fc
  .tuple(fc.integer({ min: 9, max: 12 }), fc.integer({ min: 0, max: 12 }))
  .map(([ms, count]) => `${ms}-${count}`);
const journal = fc.record({
  incarnation: fc.integer({ min: 1, max: 2 }),
  shard: fc.integer({ min: 0, max: 1 }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant('add' as const), journal, fc.option(position)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('confirm' as const), journal, position) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant('remove' as const), fc.integer({ max: 5, min: 1 })),
  },
);

const entryOf = (number: number, over: Partial<Unconfirmed> = {}): Unconfirmed => ({
  reservation: `t/${number}` as ReservationId,
  reports: [],
  incarnation: 1,
  shard: 0,
  position: null,
  atMs: number as InstantMs,
  ...over,
});

const names = (book: UnconfirmedBook): readonly string[] =>
  book.olderThan(Number.POSITIVE_INFINITY, 10_000).map(({ reservation }) => reservation);

describe('what waits for the ledger', () => {
  test('is exactly what was added, less what the position of its own journal has passed and what was removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const book = new UnconfirmedBook();
        let waiting: Unconfirmed[] = [];
        for (const [number, [kind, ...rest]] of steps.entries()) {
          if (kind === 'add') {
            const [where, at] = rest as [{ incarnation: number; shard: number }, string | null];
            const entry = entryOf(number, { ...where, position: at });
            book.add(entry);
            waiting.push(entry);
          } else if (kind === 'confirm') {
            const [{ incarnation, shard }, at] = rest as [
              { incarnation: number; shard: number },
              string,
            ];
            book.confirm(incarnation, shard, at);
            waiting = waiting.filter(
              (entry) =>
                entry.position === null ||
                entry.incarnation !== incarnation ||
                entry.shard !== shard ||
                comparePositions(entry.position, at) > 0,
            );
          } else {
            const [limit] = rest as [number];
            book.remove(book.olderThan(Number.POSITIVE_INFINITY, limit).map(({ key }) => key));
            waiting = waiting.slice(limit);
          }

          expect(names(book)).toEqual(waiting.map(({ reservation }) => reservation));
          expect(book.size).toBe(waiting.length);
          expect(book.oldestMs()).toBe(waiting[0]?.atMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('orders positions as numbers: the eleventh event of a millisecond comes after the second', () => {
    const book = new UnconfirmedBook();
    book.add(entryOf(1, { position: '10-11' }));
    book.add(entryOf(2, { position: '10-2' }));
    book.add(entryOf(3, { position: '9-99' }));

    book.confirm(1, 0, '10-2');

    expect(names(book)).toEqual(['t/1']);
  });

  test('costs a confirmation what it removes, however much else is waiting', () => {
    const book = new UnconfirmedBook();
    const compared: string[] = [];
    for (let number = 0; number < 5_000; number += 1) {
      book.add(
        entryOf(number, {
          get position() {
            compared.push('looked at');
            return `10-${number}`;
          },
        }),
      );
    }
    compared.length = 0;

    for (let number = 0; number < 5_000; number += 100) book.confirm(1, 0, `10-${number + 99}`);

    expect(book.size).toBe(0);
    expect(compared.length).toBeLessThanOrEqual(5_000);
  });
});
