import {
  type Account,
  type Amount,
  type Books,
  Books as MutableBooks,
  type Changes,
  decide,
  type InstantMs,
  type LedgerEntry,
  type Outcome,
  type Tier,
} from '@bursar/core';
import { commandOf, ManualClock, steps, TestPurse } from '@bursar/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const LIMIT = 1_000 as Amount;

/** Runs the steps through `decide`, calling `after` with what each one changed. */
function run(
  sequence: Parameters<typeof commandOf>[1][],
  after: (step: {
    outcome: Outcome;
    changes: Changes;
    books: Books;
    again: () => { outcome: Outcome; changes: Changes };
  }) => void,
): { books: Books; entries: LedgerEntry[] } {
  const clock = new ManualClock();
  const purse = new TestPurse({} as Tier, clock);
  const books = new MutableBooks();
  const entries: LedgerEntry[] = [];
  for (const step of sequence) {
    clock.advance(step.waitMs);
    const command = commandOf(purse, step);
    const once = () => decide(books, command, { defaultLimit: LIMIT }, clock.nowMs() as InstantMs);
    const { outcome, changes } = once();
    books.post(changes);
    entries.push(...changes.entries);
    after({ outcome, changes, books, again: once });
  }
  return { books, entries };
}

describe('transition, for all command sequences', () => {
  it('changes nothing when a command is repeated', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        run(sequence, ({ outcome, again }) => {
          const repeat = again();
          // A denied command may be asked again; everything applied or refused is answered without change.
          if (outcome.outcome !== 'denied') {
            expect(repeat.changes.accounts).toEqual([]);
            expect(repeat.changes.entries).toEqual([]);
            expect(repeat.changes.legs).toEqual([]);
          }
        });
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('raises the sequence by one for each change of an account, and explains every change of what is settled', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const before = new Map<
          string,
          Pick<Account, 'sequence' | 'settled' | 'granted' | 'terms'>
        >();
        run(sequence, ({ changes }) => {
          for (const account of changes.accounts) {
            const last = before.get(account.id) ?? {
              sequence: 0,
              settled: 0,
              granted: 0,
              terms: undefined,
            };
            const own = changes.entries.filter((entry) => entry.account === account.id);
            // Terms that a command brings along are a change of their own, before its own.
            const limits = own.filter(({ kind }) => kind === 'limit');
            expect(own.length - limits.length).toBeLessThanOrEqual(1);
            const sum = (kinds: readonly string[]) =>
              own
                .filter(({ kind }) => kinds.includes(kind))
                .reduce((total, { amount }) => total + amount, 0);
            expect(account.settled - last.settled).toBe(
              sum(['settle', 'release', 'expire', 'adjust']),
            );
            const byTerms = (account.terms?.granted ?? 0) - (last.terms?.granted ?? 0);
            expect(account.granted - last.granted).toBe(sum(['grant']) + byTerms);
            const raised = account.sequence - last.sequence;
            expect([limits.length, limits.length + 1]).toContain(raised);
            expect(own.map((entry) => entry.sequence - last.sequence)).toEqual(
              own.map((_, index) => index + 1),
            );
            before.set(account.id, account);
          }
        });
      }),
      { seed: 8, numRuns: 500 },
    );
  });

  it('never admits above the limit, and never leaves a sum negative', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        run(sequence, ({ outcome, changes }) => {
          for (const account of changes.accounts) {
            expect(
              Math.min(account.settled, account.reserved, account.granted),
            ).toBeGreaterThanOrEqual(0);
          }
          if (outcome.outcome !== 'applied' || outcome.state !== 'reserved' || outcome.replayed)
            return;
          if (
            changes.entries.length > 0 ||
            outcome.amount === 0 ||
            changes.reservation === undefined
          )
            return;
          for (const account of outcome.accounts) {
            const room = (account.limit ?? Number.POSITIVE_INFINITY) + account.granted;
            expect(account.settled + account.reserved).toBeLessThanOrEqual(room);
          }
        });
      }),
      { seed: 9, numRuns: 500 },
    );
  });

  it('ends every reservation in the state of highest rank that it was told, once', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const rank = { reserved: -1, released: 0, expired: 1, settled: 2 };
        const seen = new Map<string, number>();
        run(sequence, ({ changes }) => {
          for (const leg of changes.legs) {
            const key = `${leg.account} ${leg.reservation}`;
            expect(rank[leg.state]).toBeGreaterThanOrEqual(seen.get(key) ?? -1);
            seen.set(key, rank[leg.state]);
          }
        });
      }),
      { seed: 10, numRuns: 500 },
    );
  });
});
