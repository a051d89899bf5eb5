/** The Redis scripts decide what the reference in memory decides: answer by answer, state by state. */
import {
  AMOUNT_MAX,
  type CopyAnswer,
  type CopyCommand,
  type InstantMs,
  JOURNAL_START,
  type JournalPosition,
  MemoryCopies,
  ZERO,
} from '@bursar/core';
import { ManualClock } from '@bursar/testkit';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RedisCopies } from '../../src/stores/redis/redis-copies.ts';
import {
  ACCOUNTS,
  commandOf,
  Leases,
  pick,
  reservationNumber,
  RESERVATIONS,
  type Step,
  steps,
} from './copy-commands.ts';
import { hitsOf } from './rate-drafts.ts';
import { rateSteps } from './rate-steps.ts';
import { adoptAs, redisForTest } from './redis-for-test.ts';

const SEQUENCES = 300;
const EVERY_LIMITER = [0, 1, 2].map((policy) =>
  Array.from({ length: 8 }, (_, limiter) => ({ limiter, policy, permits: 0, money: 0 })),
);
const redis = redisForTest();

it(
  `answers and keeps the same in ${SEQUENCES} random sequences`,
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const clock = new ManualClock();
        const copies = await redis.open({ clock });
        try {
          await compare(sequence, copies, clock);
        } finally {
          await redis.close(copies);
        }
      }),
      { numRuns: SEQUENCES, seed: Number(process.env['BURSAR_SEED'] ?? 20_261_125) },
    );
  },
);

it(
  `limiters count and show the same in ${SEQUENCES} random sequences of calls that take from them`,
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(rateSteps, async (sequence) => {
        const clock = new ManualClock();
        const copies = await redis.open({ clock });
        try {
          await compare(sequence, copies, clock);
        } finally {
          await redis.close(copies);
        }
      }),
      { numRuns: SEQUENCES, seed: Number(process.env['BURSAR_SEED'] ?? 20_261_130) },
    );
  },
);

async function compare(
  sequence: readonly Step[],
  copies: RedisCopies,
  clock: ManualClock,
): Promise<void> {
  const memory = new MemoryCopies({ clock, lineage: 'memory' });
  await memory.adopt(1, 'memory');
  const leases = new Leases();
  let incarnation = 1;

  async function both(command: CopyCommand): Promise<CopyAnswer> {
    if (!isBelowTheCeiling(memory, command)) return { answer: 'unknown' };
    const expected = memory.executeNow(command);
    expect(withoutPosition(await copies.execute(command)), command.kind).toEqual(
      withoutPosition(expected),
    );
    return expected;
  }

  for (const step of sequence) {
    switch (step.step) {
      case 'open': {
        const account = pick(ACCOUNTS, step.account);
        const lease = leases.of(account, false);
        // What ended under the lease before stays under it.
        if (step.drawn === 40) await both({ kind: 'recall', account, lease, retire: true });
        const prepared = await both({ kind: 'prepare', account, above: 0 });
        if (prepared.answer !== 'prepared') break;
        leases.ticketed(account, prepared.ticket);
        const draft = { kind: 'install' as const, id: 0, accounts: [step.account], other: 5 };
        await both(commandOf({ ...draft, amount: step.drawn, ttlMs: 0, bits: 2 }, leases, false));
        break;
      }
      case 'command': {
        const command = commandOf(step.command, leases, false);
        const answer = await both(command);
        if (answer.answer === 'prepared' && command.kind === 'prepare') {
          leases.ticketed(command.account, answer.ticket);
        }
        break;
      }
      case 'together':
        await together(step, leases, memory, copies);
        break;
      case 'advance':
        clock.advance(step.byMs);
        break;
      case 'bump':
        incarnation += 1;
        expect(await memory.adopt(incarnation, 'memory')).toBe(true);
        expect(await adoptAs(copies, incarnation)).toBe(true);
        break;
    }
  }
  await compareState(memory, copies, clock);
}

/** Sends commands in one call, in an order that is known, and the same ones to memory. */
async function together(
  step: Extract<Step, { step: 'together' }>,
  leases: Leases,
  memory: MemoryCopies,
  copies: RedisCopies,
): Promise<void> {
  // Near the maximum it would depend on those before it whether a correction may be sent.
  const drafts = step.commands.map((draft) =>
    draft.amount > 100 ? { ...draft, amount: 30, other: 7 } : draft,
  );
  // Reading declares the keys of all accounts, so that none is sent again later.
  const declaring: CopyCommand[] = ACCOUNTS.map((account) => ({ kind: 'read', account }));
  // So does charging those of all limiters to a reservation that nobody knows.
  declaring.push({
    kind: 'settle',
    reservation: reservationNumber(9_999),
    cost: ZERO,
    final: true,
    charges: hitsOf('acme', EVERY_LIMITER[0] ?? []),
    detail: null,
  });
  const commands = [...declaring, ...drafts.map((draft) => commandOf(draft, leases, true))];
  const all = commands.filter((command) => isBelowTheCeiling(memory, command));
  // With this in flight, the others wait for each other.
  const first = copies.execute({ kind: 'read', account: pick(ACCOUNTS, 0) });
  const answers = await Promise.all(all.map((command) => copies.execute(command)));
  await first;
  const expected = all.map((command) => memory.executeNow(command));
  expect(answers.map(withoutPosition)).toEqual(expected.map(withoutPosition));
}

async function compareState(
  memory: MemoryCopies,
  copies: RedisCopies,
  clock: ManualClock,
): Promise<void> {
  for (const account of ACCOUNTS) {
    const command = { kind: 'read', account } as const;
    expect(await copies.execute(command)).toEqual(await memory.execute(command));
  }
  for (const reservation of RESERVATIONS) {
    const command = { kind: 'find', reservation } as const;
    expect(await copies.execute(command)).toEqual(await memory.execute(command));
  }
  await compareLimiters(memory, copies);
  expect(await eventsOf(copies)).toEqual(await eventsOf(memory));
  const due = await copies.due(0, 100);
  expect(due).toEqual(expect.arrayContaining([...(await memory.due(0, 100))]));
  clock.advance(30_000);
  const end = `${Number.MAX_SAFE_INTEGER}-0` as JournalPosition;
  for (const olderThanMs of [600_000, 45_000, 0]) {
    await Promise.all([copies.trim(0, end, olderThanMs), memory.trim(0, end, olderThanMs)]);
    expect(await eventsOf(copies)).toEqual(await eventsOf(memory));
  }
  // Whatever is due is found and ended, and afterwards nothing is due.
  clock.advance(2_100_000);
  for (const account of await copies.due(0, 100)) {
    const command = { kind: 'sweep', account, limit: 100 } as const;
    expect(await copies.execute(command)).toEqual(await memory.execute(command));
  }
  expect(await copies.due(0, 100)).toEqual([]);
  expect(await memory.due(0, 100)).toEqual([]);
}

/** How every limiter stands under each of its policies, asked with calls that take nothing. */
async function compareLimiters(memory: MemoryCopies, copies: RedisCopies): Promise<void> {
  for (const [index, rates] of EVERY_LIMITER.entries()) {
    const command = commandOf(
      { kind: 'reserve', id: index, accounts: [0], amount: 0, other: 0, ttlMs: 0, bits: 0, rates },
      new Leases(),
      false,
    );
    if (command.kind !== 'reserve') throw new Error('a reserve');
    const asking = { ...command, reservation: reservationNumber(1_000 + index) };
    expect(withoutPosition(await copies.execute(asking))).toEqual(
      withoutPosition(memory.executeNow(asking)),
    );
  }
}

async function eventsOf(store: MemoryCopies | RedisCopies): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  let after: JournalPosition = JOURNAL_START;
  for (;;) {
    const page = await store.journal(0, after, 7);
    if (page.length === 0) return events;
    for (const { position, ...event } of page) {
      events.push(event);
      after = position;
    }
  }
}

function withoutPosition(answer: CopyAnswer): CopyAnswer {
  return answer.answer === 'done' && answer.position !== null
    ? { ...answer, position: 'some' }
    : answer;
}

/** A correction is the authority's word and is not checked; it never takes an account above the maximum. */
function isBelowTheCeiling(memory: MemoryCopies, command: CopyCommand): boolean {
  if (command.kind !== 'correct') return true;
  return ACCOUNTS.every((account) => {
    const answer = memory.executeNow({ kind: 'read', account });
    if (answer.answer !== 'copy' || answer.copy === null) return true;
    return answer.copy.settled + answer.copy.reserved < AMOUNT_MAX - 1_000;
  });
}

it('decides by the clock of Redis where none is given', async () => {
  const copies = await redis.open();
  const account = pick(ACCOUNTS, 0);
  await copies.execute({ kind: 'prepare', account, above: 0 });
  const leases = new Leases();
  leases.ticketed(account, 1);
  const install = commandOf(
    { kind: 'install', id: 0, accounts: [0], amount: 30, other: 5, ttlMs: 0, bits: 2 },
    leases,
    false,
  );
  const startAtMs = (Date.now() - 1_000) as InstantMs;
  const endAtMs = (Date.now() + 60_000) as InstantMs;
  if (install.kind === 'install') await copies.execute({ ...install, startAtMs, endAtMs });
  const answer = await copies.execute(
    commandOf(
      { kind: 'reserve', id: 0, accounts: [0], amount: 3, other: 5, ttlMs: 1_000, bits: 0 },
      leases,
      false,
    ),
  );
  expect(answer).toMatchObject({ answer: 'done', replayed: false });
  if (answer.answer === 'done') expect(Math.abs(answer.nowMs - Date.now())).toBeLessThan(2_000);
});
