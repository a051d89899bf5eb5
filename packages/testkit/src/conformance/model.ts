/**
 * Random command sequences: the driver must answer and store exactly what the pure function says.
 *
 * The model is `decide` on plain books, so for a driver this checks loading, locking, batching and storing;
 * that `decide` itself is right is the business of core's own tests.
 */
import {
  type Account,
  type AccountTerms,
  amount,
  Books,
  type Command,
  decide,
  type DurationMs,
  type Fingerprint,
  LAZY_EXPIRY_MAX,
  type Outcome,
  type SignedAmount,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestPurse } from '../test-purse.ts';
import { type Bench, DEFAULT_LIMIT } from './tier-under-test.ts';

const USERS = ['alice', 'bob', 'team'];

/** One step: let time pass, then send a command. Reservations are told apart by a small number. */
type Step = { readonly waitMs: number } & (
  | {
      readonly kind: 'reserve';
      readonly n: number;
      readonly users: readonly string[];
      readonly amount: number;
      /** Number of the terms that it brings along, if any. */
      readonly terms: number | null;
    }
  | {
      readonly kind: 'extend';
      readonly n: number;
      readonly amount: number | null;
      readonly dispatched: boolean;
    }
  | { readonly kind: 'settle'; readonly n: number; readonly cost: number; readonly final: boolean }
  | { readonly kind: 'release' | 'expire'; readonly n: number }
  | { readonly kind: 'setLimit'; readonly user: string; readonly limit: number | null }
  | { readonly kind: 'clearLimit'; readonly user: string }
  | { readonly kind: 'setTerms'; readonly user: string; readonly terms: number }
  | {
      readonly kind: 'grant' | 'adjust';
      readonly user: string;
      readonly key: string;
      readonly amount: number;
    }
);

const number = fc.integer({ min: 1, max: 6 });
const money = fc.integer({ min: 0, max: 600 });
const user = fc.constantFrom(...USERS);
/** Which of `TERMS`. */
const termsNumber = fc.integer({ min: 0, max: 5 });
const waitMs = fc.constantFrom(0, 0, 1, 400, 1_500);

/** Sequences that meet the same few reservations and users again and again. */
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constant('reserve' as const),
        n: number,
        users: fc.subarray(USERS, { minLength: 1 }),
        amount: money,
        terms: fc.option(termsNumber),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constant('extend' as const),
        n: number,
        amount: fc.option(money),
        dispatched: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constant('settle' as const),
        n: number,
        cost: money,
        final: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constantFrom('release' as const, 'expire' as const),
        n: number,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constant('setLimit' as const),
        user,
        limit: fc.option(fc.integer({ min: 0, max: 2_000 })),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ waitMs, kind: fc.constant('clearLimit' as const), user }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constant('setTerms' as const),
        user,
        terms: termsNumber,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        waitMs,
        kind: fc.constantFrom('grant' as const, 'adjust' as const),
        user,
        key: fc.constantFrom('k1', 'k2'),
        amount: money,
      }),
    },
  ),
  { maxLength: 40 },
);

/** Terms of two versions, two of them dated: raised, lowered, lifted and only measured against. */
function termsNumbered(number: number): AccountTerms {
  const limits = [300, 900, null, 0, 500, 700];
  return {
    limit: (limits[number] ?? null) as AccountTerms['limit'],
    granted: amount(number === 4 ? 100 : 0),
    isEnforced: number !== 5,
    version: Math.floor(number / 3),
    sinceMs: (number % 3) as AccountTerms['sinceMs'],
  };
}

/** The command of a step, for the users and ids of `purse`. */
export function commandOf(purse: TestPurse, step: Step): Command {
  switch (step.kind) {
    case 'reserve':
      return {
        kind: 'reserve',
        reservation: purse.idNumber(step.n),
        fingerprint: `${step.users.join()}:${step.amount}` as Fingerprint,
        legs: step.users.map((name) => ({
          ...purse.leg(name),
          ...(step.terms === null ? {} : { terms: termsNumbered(step.terms) }),
        })),
        amount: amount(step.amount),
        ttlMs: 1_000 as DurationMs,
        terms: { n: step.n },
      };
    case 'extend':
      return {
        kind: 'extend',
        reservation: purse.idNumber(step.n),
        amount: step.amount === null ? null : amount(step.amount),
        ttlMs: 1_000 as DurationMs,
        dispatched: step.dispatched,
      };
    case 'settle':
      return {
        kind: 'settle',
        reservation: purse.idNumber(step.n),
        cost: amount(step.cost),
        final: step.final,
        detail: null,
      };
    case 'release':
      return { kind: 'release', reservation: purse.idNumber(step.n), detail: null };
    case 'expire':
      return { kind: 'expire', reservation: purse.idNumber(step.n) };
    case 'setLimit':
      return {
        kind: 'setLimit',
        leg: purse.leg(step.user),
        limit: step.limit === null ? null : amount(step.limit),
        detail: null,
      };
    case 'clearLimit':
      return { kind: 'clearLimit', leg: purse.leg(step.user), detail: null };
    case 'setTerms':
      return { kind: 'setTerms', leg: purse.leg(step.user), terms: termsNumbered(step.terms) };
    case 'grant':
      return {
        kind: 'grant',
        leg: purse.leg(step.user),
        key: step.key,
        amount: amount(step.amount),
        detail: null,
      };
    case 'adjust':
      return {
        kind: 'adjust',
        leg: purse.leg(step.user),
        key: step.key,
        amount: step.amount as SignedAmount,
        detail: null,
      };
  }
}

/** The pure function on plain books, with the lazy expiry that the port promises. */
class Model {
  readonly #books = new Books();

  execute(purse: TestPurse, command: Command): Outcome {
    const nowMs = purse.clock.nowMs();
    if (command.kind === 'reserve') {
      const due = [1, 2, 3, 4, 5, 6]
        .flatMap((n) =>
          command.legs.flatMap(({ account }) => this.#books.leg(account, purse.idNumber(n)) ?? []),
        )
        .filter((leg) => leg.state === 'reserved' && leg.deadlineAtMs <= nowMs)
        .toSorted((a, b) => a.deadlineAtMs - b.deadlineAtMs)
        .map((leg) => leg.reservation);
      for (const reservation of [...new Set(due)].slice(0, LAZY_EXPIRY_MAX)) {
        this.#decide({ kind: 'expire', reservation }, nowMs);
      }
    }
    return this.#decide(command, nowMs);
  }

  account(purse: TestPurse, name: string) {
    return this.#books.account(purse.leg(name).account);
  }

  #decide(command: Command, nowMs: ReturnType<TestPurse['clock']['nowMs']>): Outcome {
    const { outcome, changes } = decide(
      this.#books,
      command,
      { defaultLimit: DEFAULT_LIMIT },
      nowMs,
    );
    this.#books.post(changes);
    return outcome;
  }
}

/** An outcome in what every driver must agree on. */
function comparable(outcome: Outcome, sequences: Bench['sequences']): Outcome {
  if (!('accounts' in outcome)) return outcome;
  return {
    ...outcome,
    accounts: outcome.accounts.flatMap((account) => withoutSequence(account, sequences) ?? []),
  };
}

function withoutSequence(
  account: Account | undefined,
  sequences: Bench['sequences'],
): Account | undefined {
  if (account === undefined || sequences === 'gapless') return account;
  return { ...account, sequence: 0 };
}

export function exerciseModel(bench: Bench): void {
  describe('model', () => {
    it('answers and stores what the pure function says, for random command sequences', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const purse = new TestPurse(bench.purse.tier, bench.clock);
          const model = new Model();
          for (const step of sequence) {
            bench.clock.advance(step.waitMs);
            const command = commandOf(purse, step);
            const seen = (outcome: Outcome) => comparable(outcome, bench.sequences);
            expect(seen(await purse.execute(command))).toEqual(seen(model.execute(purse, command)));
          }
          for (const name of USERS) {
            const found = await purse.tier.account(purse.leg(name).account);
            const expected = model.account(purse, name);
            // Opening a lease opens the account, also when nothing is then set aside on it.
            if (expected === undefined) expect(found?.settled ?? 0).toBe(0);
            else
              expect(withoutSequence(found, bench.sequences)).toEqual(
                withoutSequence(expected, bench.sequences),
              );
          }
        }),
        { numRuns: 30, seed: 2_026, endOnFailure: true },
      );
    }, 120_000);
  });
}
