/**
 * Any history of calls, outages and crashes: what was acknowledged is in the ledger exactly once, what was let
 * through stays within the allowance, and nothing stays open.
 */
import { appendFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Amount, Outcome, ReservationId } from '@bursar/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALLOWANCE, LenientInMemory, type StoreIs } from '../support/lenient-in-memory.ts';

const USERS = ['alice', 'bob', 'carol'];

type Step =
  | { readonly do: 'reserve'; readonly user: number; readonly amount: number }
  | { readonly do: 'extend'; readonly call: number; readonly more: number; readonly ttlMs: number }
  | { readonly do: 'settle'; readonly call: number; readonly part: number; readonly final: boolean }
  | { readonly do: 'release'; readonly call: number }
  | { readonly do: 'repeat'; readonly call: number }
  | { readonly do: 'goAway'; readonly how: Exclude<StoreIs, 'there'> }
  | { readonly do: 'comeBack'; readonly commandsLeft: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'crash'; readonly torn: string };

const call = fc.nat({ max: 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('reserve'),
      user: fc.nat({ max: 2 }),
      amount: fc.integer({ min: 0, max: 300 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('extend'),
      call,
      more: fc.nat({ max: 100 }),
      ttlMs: fc.integer({ min: 1, max: 60_000 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle'),
      call,
      part: fc.integer({ min: 0, max: 100 }),
      final: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release'), call }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('repeat'), call }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('goAway'),
      how: fc.constantFrom('unavailable', 'answers lost', 'silent'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('comeBack'),
      commandsLeft: fc.oneof(fc.nat({ max: 30 }), fc.constant(1e9)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait'),
      ms: fc.constantFrom(0, 100, 1_000, 5_000, 90_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('crash'),
      torn: fc.constantFrom('', '0', '01234567 {"v":1,"event', '\0\0\0'),
    }),
  },
) as fc.Arbitrary<Step>;

/** A call as its caller knows it. */
interface Call {
  readonly id: ReservationId;
  readonly user: string;
  held: number;
  deadlineAtMs: number;
  dispatched: boolean;
  /** Sent and not answered: to be repeated before anything else. */
  unanswered: (() => Promise<Outcome>) | undefined;
  last: (() => Promise<Outcome>) | undefined;
  /** What was acknowledged. */
  spent: number;
  end: 'settled' | 'released' | undefined;
  /** In which outage it was let through; `undefined`: by the store. */
  outage: number | undefined;
}

async function run(steps: readonly Step[]): Promise<void> {
  const world = new LenientInMemory();
  const calls: Call[] = [];
  let outage = 0;
  let wasAway = false;
  await world.start();

  const noteOutage = (): void => {
    const isAway = world.tier.outage !== undefined;
    if (isAway && !wasAway) outage += 1;
    wasAway = isAway;
  };

  /** Sends a command; a store that is silent is waited for as long as a server does. */
  const send = async (
    about: Call,
    command: () => Promise<Outcome>,
  ): Promise<Outcome | undefined> => {
    about.last = command;
    const answer = command().then(
      (outcome) => outcome,
      () => undefined,
    );
    await world.until(answer);
    noteOutage();
    const outcome = await answer;
    about.unanswered = outcome === undefined ? command : undefined;
    return outcome;
  };

  /** What callers were allowed in the present outage and the ledger did not know of. */
  const letThrough = async (): Promise<number> => {
    let sum = 0;
    for (const one of calls) {
      if (one.outage !== outage || (await world.store.reservation(one.id)) !== undefined) continue;
      // A call that nobody has heard of in time is taken not to have been made, unless it was on its way.
      const isOver = one.deadlineAtMs <= world.time.nowMs() && !one.dispatched;
      sum += one.end === undefined && !isOver ? Math.max(one.held, one.spent) : one.spent;
    }
    return sum;
  };

  const settle = async (one: Call, cost: number, final: boolean): Promise<void> => {
    const outcome = await send(one, () =>
      world.purse.execute({
        kind: 'settle',
        reservation: one.id,
        cost: cost as Amount,
        final,
        adopt: { legs: [world.purse.leg(one.user)], terms: null },
        detail: { basis: 'reported' },
      }),
    );
    if (outcome === undefined) return;
    expect(outcome).toMatchObject({ outcome: 'applied', conflict: false });
    one.spent = Math.max(cost, one.spent);
    if (final) one.end = 'settled';
  };

  const take = async (next: Step): Promise<void> => {
    const one = 'call' in next ? calls[next.call % Math.max(1, calls.length)] : undefined;
    switch (next.do) {
      case 'reserve': {
        const user = USERS[next.user] ?? '';
        const made: Call = {
          id: world.purse.id(),
          user,
          held: 0,
          deadlineAtMs: 0,
          dispatched: false,
          unanswered: undefined,
          last: undefined,
          spent: 0,
          end: undefined,
          outage: undefined,
        };
        const outcome = await send(made, () =>
          world.purse.reserve(user, next.amount, { id: made.id, ttlMs: 60_000 }),
        );
        if (outcome?.outcome !== 'applied') return;
        made.held = next.amount;
        made.deadlineAtMs = outcome.deadlineAtMs ?? 0;
        if (world.tier.outage !== undefined) made.outage = outage;
        calls.push(made);
        if (made.outage !== undefined) expect(await letThrough()).toBeLessThanOrEqual(ALLOWANCE);
        return;
      }
      case 'extend': {
        if (one === undefined || one.end !== undefined || one.unanswered !== undefined) return;
        const amount = one.held + next.more;
        const outcome = await send(one, () =>
          world.purse.extend(one.id, { amount, ttlMs: next.ttlMs, dispatched: true }),
        );
        // Nobody relies on a heartbeat.
        one.unanswered = undefined;
        if (outcome?.outcome !== 'applied') return;
        one.held = amount;
        one.deadlineAtMs = outcome.deadlineAtMs ?? 0;
        one.dispatched = true;
        return;
      }
      case 'settle':
        if (one === undefined || one.end !== undefined || one.unanswered !== undefined) return;
        return settle(
          one,
          Math.max(one.spent, Math.floor((one.held * next.part) / 100)),
          next.final,
        );
      case 'release': {
        if (one === undefined || one.end !== undefined || one.unanswered !== undefined) return;
        const outcome = await send(one, () => world.purse.release(one.id));
        one.unanswered = undefined;
        if (outcome?.outcome === 'applied') one.end = 'released';
        return;
      }
      case 'repeat':
        if (one?.last !== undefined) await send(one, one.last);
        return;
      case 'goAway':
        return world.goAway(next.how);
      case 'comeBack':
        world.comeBack();
        world.commandsLeft = next.commandsLeft;
        return;
      case 'wait':
        await world.time.advance(next.ms);
        if (world.storeIs !== 'silent') await world.tier.sweep(100).catch(() => 0);
        noteOutage();
        return;
      case 'crash': {
        await world.kill();
        const newest = (await readdir(world.directory)).toSorted().at(-1);
        if (newest !== undefined) await appendFile(join(world.directory, newest), next.torn);
        const started = world.start();
        await world.until(started);
        noteOutage();
      }
    }
  };

  try {
    for (const next of steps) await take(next);
    await world.recover();
    // Callers insist on what was not answered.
    for (const one of calls) {
      if (one.unanswered !== undefined) await settle(one, one.held, true);
    }
    await world.time.advance(120_000);
    while ((await world.tier.sweep(1_000)) > 0);
    for (const { id, user, spent, end } of calls) {
      const snapshot = await world.store.reservation(id);
      expect(snapshot?.state).not.toBe('reserved');
      const entries = await world.store.entries({
        account: world.purse.leg(user).account,
        limit: 1_000,
      });
      const booked = entries
        .filter(({ reservation }) => reservation === id)
        .reduce((sum, { amount }) => sum + amount, 0);
      if (end === 'settled')
        expect({ id, state: snapshot?.state, booked }).toEqual({
          id,
          state: 'settled',
          booked: spent,
        });
      else expect(booked).toBeGreaterThanOrEqual(spent);
    }
    expect(world.setAside).toEqual([]);
    expect(await world.auditor.findings()).toEqual([]);
  } finally {
    await world.stop();
  }
}

it('keeps its word through any history of calls, outages and crashes', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), run), {
    numRuns: 60,
  });
}, 300_000);
