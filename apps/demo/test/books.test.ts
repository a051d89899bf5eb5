import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bookings, monthsBetween } from '../src/books/ledger-bookings.ts';
import { reconcile } from '../src/books/reconcile.ts';
import { readLeftRuns, RunFile } from '../src/books/run-file.ts';
import { makeDirectory } from './support/run-demo.ts';

const settled = (nanoUsd: bigint, settlements = 1) => ({ nanoUsd, settlements, isExpired: false });

describe('comparing a run with the ledger', () => {
  test('every acknowledged settlement once, with its cost, is in order', () => {
    const acknowledged = new Map([
      ['a', 5n],
      ['b', 0n],
    ]);
    const bookings: Bookings = new Map([
      ['a', settled(5n)],
      ['b', settled(0n)],
      // Charged at its deadline, settled late: the difference was booked too.
      ['c', { nanoUsd: 7n, settlements: 1, isExpired: true }],
      ['d', { nanoUsd: 9n, settlements: 0, isExpired: true }],
    ]);
    expect(reconcile(acknowledged, bookings)).toEqual({
      acknowledged: 2,
      acknowledgedNanoUsd: 5n,
      unheard: 1,
      expired: 2,
      settlements: 3,
      ledgerNanoUsd: 21n,
      contradictions: 0,
      shown: [],
    });
  });

  test.each([
    ['lost', new Map(), ['a: acknowledged at $0.000000005, not in the ledger']],
    [
      'expired instead of settled',
      new Map([['a', { nanoUsd: 5n, settlements: 0, isExpired: true }]]),
      ['a: acknowledged at $0.000000005, not in the ledger'],
    ],
    [
      'booked at another cost',
      new Map([['a', settled(6n)]]),
      ['a: acknowledged at $0.000000005, $0.000000006 in the ledger'],
    ],
    ['settled twice', new Map([['a', settled(5n, 2)]]), ['a: settled 2 times']],
  ] satisfies [string, Bookings, string[]][])(
    'a settlement %s is found',
    (_what, bookings, shown) => {
      expect(reconcile(new Map([['a', 5n]]), bookings)).toMatchObject({
        contradictions: shown.length,
        shown,
      });
    },
  );
});

describe('the file of a run', () => {
  const header = {
    run: '0123abcd',
    startedAtMs: 5,
    database: 'embedded',
    users: ['alice-0123abcd'],
  };

  test('tells the next run what was acknowledged, except a line that was cut off', () => {
    const directory = makeDirectory();
    const file = new RunFile(directory, header);
    file.acknowledge('r1', '0.0009615');
    file.acknowledge('r2', '0.00');
    appendFileSync(file.file, '["r3","0.1');
    expect(readLeftRuns(directory, 'embedded')).toEqual([
      {
        ...header,
        file: file.file,
        acknowledged: new Map([
          ['r1', 961_500n],
          ['r2', 0n],
        ]),
      },
    ]);
  });

  test('is not held against another database, and is gone once removed', () => {
    const directory = makeDirectory();
    const file = new RunFile(directory, header);
    expect(readLeftRuns(directory, 'postgres-1')).toEqual([]);
    file.remove();
    expect(readLeftRuns(directory, 'embedded')).toEqual([]);
  });
});

test('the months of a run include the one it ended in', () => {
  const at = (text: string) => Date.parse(text);
  expect(monthsBetween(at('2026-11-30T23:59:59Z'), at('2026-11-30T23:59:59Z'))).toEqual([
    '2026-11',
  ]);
  expect(monthsBetween(at('2026-11-30T23:59:59Z'), at('2027-01-01T00:00:00Z'))).toEqual([
    '2026-11',
    '2026-12',
    '2027-01',
  ]);
});
