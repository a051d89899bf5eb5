/**
 * Random sequences about leases, reports and direct spending: the driver must answer and store exactly what
 * the authority in memory does. For the database this checks loading, locking, batching and storing.
 */
import {
  amount,
  type Authority,
  type Command,
  DIRECT,
  type DurationMs,
  type Fingerprint,
  type InstantMs,
  JOURNAL_START,
  type LeaseId,
  type LegState,
  SWEEP_MAX,
} from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryAuthority } from '../simulation/memory-authority.ts';
import { TestPurse } from '../test-purse.ts';
import { type AuthorityBench, LendingDesk } from './authority-under-test.ts';
import { commandOf, steps } from './model.ts';
import { DEFAULT_LIMIT } from './tier-under-test.ts';

const USERS = ['alice', 'bob', 'team'];
const LEASES = ['l1', 'l2', 'l3', 'l4'];

/** What is done about leases. Leases l1 … l3 are of one holder, l4 is of another. */
type LeaseStep =
  | {
      readonly kind: 'openLease';
      readonly user: string;
      readonly lease: string;
      readonly ticket: number;
      readonly need: number;
      readonly least: number;
      readonly expected: number | null;
      readonly minimum: number;
    }
  | {
      readonly kind: 'draw';
      readonly user: string;
      readonly lease: string;
      readonly need: number;
      readonly have: number;
    }
  | {
      readonly kind: 'returnLease';
      readonly user: string;
      readonly lease: string;
      readonly returned: number;
    }
  | {
      readonly kind: 'suspectLease' | 'closeLease';
      readonly user: string;
      readonly lease: string;
    }
  | {
      readonly kind: 'ingest';
      readonly user: string;
      readonly lease: string;
      readonly n: number;
      readonly state: LegState;
      readonly spent: number;
      readonly amount: number;
      readonly ttlMs: number;
      readonly dispatched: boolean;
      readonly isShown: boolean;
    };

const user = fc.constantFrom(...USERS);
const lease = fc.constantFrom(...LEASES);
const money = fc.integer({ min: 0, max: 500 });

const leaseStep: fc.Arbitrary<LeaseStep> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        kind: fc.constant('openLease' as const),
        user,
        lease,
        ticket: fc.integer({ min: 0, max: 4 }),
        need: money,
        least: money,
        expected: fc.option(money),
        minimum: fc.constantFrom(0, 5, 100),
      })
      .map((step) => ({ ...step, least: Math.min(step.least, step.need) })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('draw' as const),
      user,
      lease,
      need: money,
      have: money,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('returnLease' as const),
      user,
      lease,
      returned: money,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('suspectLease' as const, 'closeLease' as const),
      user,
      lease,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ingest' as const),
      user,
      lease: fc.constantFrom(...LEASES, 'direct'),
      n: fc.integer({ min: 1, max: 6 }),
      state: fc.constantFrom('reserved', 'reserved', 'released', 'expired', 'settled'),
      spent: money,
      amount: money,
      ttlMs: fc.constantFrom(0, 500, 5_000),
      dispatched: fc.boolean(),
      isShown: fc.boolean(),
    }),
  },
);

/** What happens between two groups of commands. */
const pause = fc.record({
  waitMs: fc.constantFrom(0, 100, 2_000, 70_000),
  event: fc.constantFrom('none', 'none', 'none', 'begin', 'sweep', 'close', 'told', 'journal'),
});

/** Both kinds of steps in turn, in groups that share a transaction. */
const histories = fc.record({
  direct: steps,
  leases: fc.array(leaseStep, { maxLength: 40 }),
  size: fc.integer({ min: 1, max: 6 }),
  pauses: fc.array(pause, { minLength: 80, maxLength: 80 }),
});

function leaseCommandOf(desk: LendingDesk, step: LeaseStep): Command {
  const { purse } = desk;
  const leg = purse.leg(step.user);
  // An id of its own on each account, as the holder makes them.
  const id = (
    step.lease === 'direct' ? DIRECT : desk.leaseNamed(`${step.user}-${step.lease}`)
  ) as LeaseId;
  const holder = step.lease === 'l4' ? desk.holderNamed('other') : desk.holder;
  switch (step.kind) {
    case 'openLease':
      return {
        kind: 'openLease',
        lease: id,
        holder,
        ticket: step.ticket,
        ask: {
          need: amount(step.need),
          least: amount(step.least),
          expected: step.expected === null ? null : amount(step.expected),
          minimum: amount(step.minimum),
        },
        leg,
      };
    case 'draw':
      return {
        kind: 'draw',
        lease: id,
        holder,
        have: amount(step.have),
        ask: {
          need: amount(step.need),
          least: amount(step.need),
          expected: null,
          minimum: amount(5),
        },
        leg,
      };
    case 'returnLease':
      return { kind: 'returnLease', lease: id, returned: amount(step.returned), leg };
    case 'suspectLease':
    case 'closeLease':
      return { kind: step.kind, lease: id, leg };
    case 'ingest':
      return {
        kind: 'ingest',
        reservation: purse.idNumber(step.n),
        fingerprint: 'elsewhere' as Fingerprint,
        leg,
        state: step.state,
        lease: id,
        spent: amount(step.spent),
        open:
          step.state === 'reserved'
            ? {
                amount: amount(step.amount),
                deadlineAtMs: (purse.clock.nowMs() + step.ttlMs) as InstantMs,
                dispatched: step.dispatched,
              }
            : undefined,
        atMs: (purse.clock.nowMs() - 5) as InstantMs,
        isShown: step.isShown,
        terms: { n: step.n },
        detail: null,
      };
  }
}

/** Of every second amount, the settlement also says where it belongs should its reservation be lost. */
function naming(purse: TestPurse, command: Command): Command {
  if (command.kind !== 'settle' || command.cost % 2 === 1) return command;
  const legs = (command.cost % 4 === 0 ? ['alice'] : ['bob', 'team']).map((name) =>
    purse.leg(name),
  );
  return { ...command, adopt: { legs, terms: null } };
}

/** One authority in the comparison: the same history goes to each. */
class Side {
  readonly authority: Authority;
  readonly desk: LendingDesk;
  #incarnation = 0;
  #position = 0;

  constructor(authority: Authority, desk: LendingDesk) {
    this.authority = authority;
    this.desk = desk;
  }

  async send(commands: readonly Command[], isJournal: boolean): Promise<unknown> {
    if (!isJournal) return this.authority.executeAll(commands);
    const journal = { holder: this.desk.holder, incarnation: 1, shard: 0, worker: 'w' };
    this.#position += 1;
    await this.authority.claimJournal({ ...journal, ttlMs: 10 as DurationMs });
    return this.authority.ingest({
      ...journal,
      after: JOURNAL_START,
      position: `${this.#position}-0`,
      commands,
    });
  }

  async pass(event: string): Promise<unknown> {
    switch (event) {
      case 'begin':
        this.#incarnation = await this.authority.begin({
          holder: this.desk.holder,
          lineage: `after ${this.#incarnation}`,
          incarnation: this.#incarnation,
        });
        return this.#incarnation;
      case 'sweep':
        // Until nothing is due: other histories on the same driver have left their own.
        while ((await this.authority.sweep(SWEEP_MAX)) > 0);
        return undefined;
      case 'close':
        return void (await this.authority.closeSuspects({
          quarantineMs: 3_000 as DurationMs,
          deadAfterMs: 3_000 as DurationMs,
          limit: 10_000,
        }));
      case 'told': {
        const corrections = await this.authority.corrections(this.desk.holder, 2);
        await this.authority.corrected(corrections);
        return corrections;
      }
      default:
        return undefined;
    }
  }

  async books(): Promise<unknown> {
    const { authority, desk } = this;
    const { purse } = desk;
    const reservations = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) => authority.reservation(purse.idNumber(n))),
    );
    const accounts = await Promise.all(
      USERS.map(async (name) => {
        const { account } = purse.leg(name);
        const leases = LEASES.map((id) =>
          authority.lease(account, desk.leaseNamed(`${name}-${id}`)),
        );
        return {
          account: await authority.account(account),
          entries: await authority.entries({ account, limit: 1_000 }),
          leases: await Promise.all(leases),
        };
      }),
    );
    return {
      reservations,
      accounts,
      corrections: [
        await authority.corrections(desk.holder, 100),
        await authority.corrections(desk.holderNamed('other'), 100),
      ],
    };
  }
}

export function exerciseAuthorityModel(bench: AuthorityBench): void {
  describe('model', () => {
    it('answers and stores what the authority in memory does, for random histories', async () => {
      await fc.assert(
        fc.asyncProperty(histories, async ({ direct, leases, size, pauses }) => {
          const purse = new TestPurse(bench.authority, bench.clock);
          const desk = new LendingDesk(bench.authority, purse);
          const memory = new MemoryAuthority({ clock: bench.clock, defaultLimit: DEFAULT_LIMIT });
          const driver = new Side(bench.authority, desk);
          const model = new Side(memory, desk);
          const made = interleave(
            leases.map((step) => () => leaseCommandOf(desk, step)),
            direct.map((step) => () => naming(purse, commandOf(purse, step))),
          );
          for (let start = 0; start < made.length; start += size) {
            const { waitMs, event } = pauses[start % pauses.length] ?? { waitMs: 0, event: 'none' };
            bench.clock.advance(waitMs);
            expect(await driver.pass(event)).toEqual(await model.pass(event));
            const commands = made.slice(start, start + size).map((make) => make());
            const isJournal = event === 'journal';
            expect(await driver.send(commands, isJournal)).toEqual(
              await model.send(commands, isJournal),
            );
          }
          expect(await driver.books()).toEqual(await model.books());
        }),
        { numRuns: 40, seed: 2_026, endOnFailure: true },
      );
    }, 120_000);
  });
}

function interleave<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
    [a[index], b[index]].filter((item) => item !== undefined),
  ).flat() as T[];
}
