/**
 * Random policies and random calls, as callers of the service meet them: the tier in memory, PostgreSQL and Redis
 * on leases of PostgreSQL answer what the pure functions say: the same decisions for the same reasons, with the same
 * figures of every budget and rate, and the same instants at which to try again.
 *
 * The policies are resolved by core; under test is what becomes of them in accounts, copies, limiters and rows.
 * Where the periods of budgets change, too, accounts carry spend over, which the pure functions do not: there PostgreSQL
 * is held to the tier in memory. (Leases count for a while as if they were spent; they pass the suite of all tiers.)
 * Cases run side by side, each in a tenant of its own, on one clock: all of them take a step, then time goes on.
 */
import {
  type Amount,
  type Caller,
  type Clock,
  formatUsd,
  type InstantMs,
  isBursarError,
  LEDGER_PAGE_MAX,
  type LimiterPolicy,
  MemoryTier,
  type Policies,
  resolve,
  type Resolution,
  SWEEP_MAX,
  type TenantId,
  type Tier,
} from '@bursar/core';
import {
  freshTenant,
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
} from '@bursar/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock/system-clock.ts';
import { openStore, type Store } from '../../src/open-store.ts';
import { MemoryPolicyStore } from '../../src/policies/memory-policy-store.ts';
import { PolicyBook } from '../../src/policies/policy-book.ts';
import { builtInDocument } from '../../src/policies/read-policies.ts';
import { SILENT_LOG } from '../../src/telemetry/logger.ts';
import { openTierForTest } from '../stores/open-tier-for-test.ts';
import { ManualTime } from '../support/manual-time.ts';
import { idOf, openTestService, type TestService } from '../support/test-service.ts';
import { PureTier } from './pure-tier.ts';
import { type Case, cases, PAUSES, START, type Step, UNIT } from './random-policies.ts';

const CASES = 1_000;
const SIDE_BY_SIDE = 125;
const SEED = 20_261_130;
/** Of each sweep that many accounts are looked at, at most 500. */
const SWEEPS = 10;
const DEFAULT_LIMIT = (500 * UNIT) as Amount;

type Api = ReturnType<TestService['as']>;
type Message = Parameters<Api['meter']['reserve']>[0];

/** A call, and when and where it was made. */
interface MadeCall {
  readonly message: Message;
  readonly made: string;
}

/** Policies of each tenant alone, where a server has one set for all. */
class BookOfTenants extends PolicyBook {
  readonly policies = new Map<TenantId, Policies<LimiterPolicy>>();

  constructor(time: ManualTime) {
    super({
      store: new MemoryPolicyStore(time),
      builtIn: builtInDocument(DEFAULT_LIMIT),
      time,
      log: SILENT_LOG,
    });
  }

  override resolve(caller: Caller, nowMs: InstantMs): Resolution<LimiterPolicy> {
    const policies = this.policies.get(caller.tenant) ?? this.inForce.policies;
    return resolve(policies, caller, nowMs);
  }
}

/** A tier with two servers on it, of which one is the last to hear of new policies. */
class Place {
  readonly name: string;
  readonly time: ManualTime;
  readonly #tier: Tier;
  readonly #books: readonly [BookOfTenants, BookOfTenants];
  readonly #services: readonly [TestService, TestService];

  constructor(name: string, tier: Tier, time: ManualTime) {
    this.name = name;
    this.time = time;
    this.#tier = tier;
    this.#books = [new BookOfTenants(time), new BookOfTenants(time)];
    const [fresh, late] = this.#books;
    this.#services = [
      openTestService({ tier, time, policies: fresh }),
      openTestService({ tier, time, policies: late }),
    ];
  }

  put(tenant: TenantId, policies: Policies<LimiterPolicy>): void {
    const [fresh, late] = this.#books;
    late.policies.set(tenant, fresh.policies.get(tenant) ?? policies);
    fresh.policies.set(tenant, policies);
  }

  as(tenant: TenantId, stale: boolean): Api {
    return this.#services[stale ? 1 : 0].as(tenant);
  }

  /** Ends all that is due, and looks at every account that may have more to carry. */
  async sweep(): Promise<void> {
    while ((await this.#tier.sweep(SWEEP_MAX)) > 0);
    for (let times = 0; times < SWEEPS; times += 1) await this.#tier.sweep(SWEEP_MAX);
  }
}

/** One case on one place: what was answered, step by step. */
class Run {
  readonly #place: Place;
  readonly #tenant: TenantId;
  readonly #case: Case;
  readonly #calls: MadeCall[] = [];
  readonly #seen = new Map<string, Parameters<Api['usage']['current']>[0]>();
  readonly answers: unknown[] = [];
  #version = 1;

  constructor(place: Place, tenant: TenantId, of: Case) {
    this.#place = place;
    this.#tenant = tenant;
    this.#case = of;
    place.put(tenant, of.first(tenant, 1, of.periods));
  }

  get place(): string {
    return this.#place.name;
  }

  async round(number: number): Promise<void> {
    for (const next of this.#case.rounds[number] ?? []) {
      if (next.kind === 'policies') {
        this.#version += 1;
        this.#place.put(this.#tenant, next.make(this.#tenant, this.#version, this.#case.periods));
        continue;
      }
      const answer = await this.#answerTo(next, this.#place.as(this.#tenant, next.stale));
      if (answer !== undefined) this.answers.push({ step: next, answer });
    }
  }

  /** Reads every budget that any answer was about. */
  async finish(): Promise<void> {
    for (const [key, subject] of [...this.#seen].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const { usage } = this.#place.as(this.#tenant, false);
      this.answers.push({ key, answer: await settledAs(usage.current(subject)) });
    }
  }

  async #answerTo(next: Exclude<Step, { kind: 'policies' }>, { meter }: Api): Promise<unknown> {
    const made = `${this.#version} ${next.stale} ${this.#place.time.nowMs()}`;
    if (next.kind === 'call') {
      this.#calls.push({ message: messageOf(next, this.#calls.length), made });
    }
    const nth = next.kind === 'call' ? 0 : next.nth;
    const call = this.#calls.at(-1 - nth);
    if (call === undefined) return undefined;
    const { message } = call;
    const { reservation } = message;
    switch (next.kind) {
      case 'again':
        // A repeat of a call that is over may tell copies of newer policies, where the authority does not look.
        if (call.made !== made) return undefined;
        return this.#noted(meter.reserve(message));
      case 'call':
        return this.#noted(meter.reserve(message));
      case 'extend':
        return this.#noted(
          meter.extend({
            reservation,
            ttlMs: next.ttlMs,
            dispatched: next.isDispatched,
            ...(next.toTokens === null ? {} : { amountUsd: usd(next.toTokens) }),
          }),
        );
      case 'settle':
        return this.#noted(
          meter.settle({
            reservation,
            final: next.isFinal,
            ...(next.namesCost
              ? { costUsd: usd(next.inputTokens) }
              : { usage: { inputTokens: next.inputTokens, outputTokens: next.outputTokens } }),
          }),
        );
      case 'release':
        return this.#noted(meter.release({ reservation }));
    }
  }

  /** The answer as it is compared; its budgets are looked at again in the end. */
  async #noted(asked: Promise<object>): Promise<unknown> {
    const answer = await settledAs(asked);
    const { budgets = [] } = answer as { budgets?: readonly object[] };
    for (const shown of budgets) {
      const { scope, budget, period } = (
        'budget' in shown && typeof shown.budget === 'object' ? shown.budget : shown
      ) as { scope: { kind: string; name: string }; budget: string; period: string };
      const key = `${scope.kind}:${scope.name}/${budget}/${period}`;
      this.#seen.set(key, { scope, budget, period });
    }
    return answer;
  }
}

function messageOf(
  {
    user,
    scopes,
    inputTokens,
    outputTokensMax,
    clamps,
    isAnonymous,
    ttlMs,
  }: Extract<Step, { kind: 'call' }>,
  number: number,
): Message {
  return {
    reservation: idOf(number),
    user,
    model: 'test-model',
    scopes,
    ttlMs,
    anonymous: isAnonymous,
    ...(outputTokensMax === null
      ? { amountUsd: usd(inputTokens) }
      : { estimate: { inputTokens, outputTokensMax }, ...(clamps && { clamp: {} }) }),
  };
}

function usd(count: number): string {
  return formatUsd((count * UNIT) as Amount);
}

/** All that a caller is told, but which store has told it; or the code of the refusal to answer. */
async function settledAs(asked: Promise<object>): Promise<unknown> {
  try {
    const { mode: _mode, ...answer } = (await asked) as Record<string, unknown>;
    return answer;
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    if (!isBursarError(cause)) throw error;
    return { code: cause.code, field: cause.field };
  }
}

describe('the tiers', () => {
  let time = new ManualTime(START);
  const clock: Clock = { nowMs: () => time.nowMs() };
  let postgres: PostgresServer;
  let redis: RedisServer;
  let table: Tier;
  let hybridUrl: string;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    table = await openTierForTest(
      { url: await postgres.createDatabase() },
      { clock, defaultLimit: DEFAULT_LIMIT },
    );
    hybridUrl = await postgres.createDatabase();
  }, 120_000);
  afterAll(async () => {
    await table?.close();
    await Promise.all([postgres?.stop(), redis?.stop()]);
  });

  /** A server of its own, with copies of its own: its time must not go back. */
  const openHybrid = (batch: number): Promise<Store> =>
    openStore({
      location: {
        kind: 'hybrid',
        databaseUrl: hybridUrl,
        redisUrl: redis.url,
        keyPrefix: `batch-${batch}`,
      },
      defaultLimit: DEFAULT_LIMIT,
      log: SILENT_LOG,
      // Its connections live in real time, which does not jump.
      clock: systemClock,
      databaseClock: clock,
    });

  it(`answer alike under ${CASES} random policy sets that change between random calls`, async () => {
    const samples = fc.sample(cases, { numRuns: CASES, seed: SEED });
    const kinds = new Map<string, number>();
    let carries = 0;
    for (let start = 0; start < CASES; start += SIDE_BY_SIDE) {
      time = new ManualTime(START);
      const hybrid = await openHybrid(start);
      const books = new MemoryTier({ clock, defaultLimit: DEFAULT_LIMIT });
      const memory = new Place('memory', books, time);
      const postgresql = new Place('PostgreSQL', table, time);
      const places = [
        new Place('pure', new PureTier({ clock, defaultLimit: DEFAULT_LIMIT }), time),
        memory,
        postgresql,
        new Place('hybrid', hybrid.tier, time),
      ];
      const runs = samples.slice(start, start + SIDE_BY_SIDE).map((of) => {
        const tenant = freshTenant();
        const alike = of.periods === null ? [memory, postgresql] : places;
        return alike.map((place) => new Run(place, tenant, of));
      });
      for (const [number, pause] of PAUSES.entries()) {
        await Promise.all(runs.flat().map((run) => run.round(number)));
        await time.advance(pause);
      }
      await Promise.all(places.map((place) => place.sweep()));
      await Promise.all(runs.flat().map((run) => run.finish()));
      await hybrid.close();
      for (const { account } of books.booked()) {
        const entries = await books.entries({ account, limit: LEDGER_PAGE_MAX });
        carries += entries.filter(({ kind }) => kind === 'adjust').length;
      }
      for (const [index, [reference, ...others]] of runs.entries()) {
        for (const { place, answers } of others) {
          const which = { case: start + index, place };
          expect({ ...which, answers }).toEqual({ ...which, answers: reference?.answers });
        }
        for (const { answer } of (reference?.answers ?? []) as { answer: object }[]) {
          const { decision, reason, outcome, code } = answer as Record<string, string>;
          const kind = reason ?? decision ?? outcome ?? code ?? 'read';
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }
      }
    }
    // Or else nothing was compared.
    expect(carries).toBeGreaterThan(CASES / 10);
    const atLeast = {
      allowed: 2 * CASES,
      settled: CASES / 2,
      rate_limited: CASES / 2,
      share_exceeded: CASES / 2,
      limit_too_small: CASES / 2,
      budget_exhausted: CASES / 20,
    };
    for (const [kind, least] of Object.entries(atLeast)) {
      expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(least);
    }
  }, 300_000);
});
