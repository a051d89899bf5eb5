/** Calls wait for their turn, and for nothing else. Time is the test's. */
import type { RateLimited, RateView, ReserveOutput } from '@bursar/api';
import { BursarError, duration, type LimiterPolicy } from '@bursar/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PaceOptions } from '../../src/pacing/pace-options.ts';
import { Pacer, type PacedAnswer } from '../../src/pacing/pacer.ts';
import { allowed, BROKE, OneLimit } from '../support/answers.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';

const SECOND = duration(1_000, 'refillEveryMs');
const TEN_A_MINUTE: LimiterPolicy = {
  algorithm: 'fixed-window',
  limit: 10,
  windowMs: duration(60_000, 'windowMs'),
};

/** What became of a call. */
interface Call {
  readonly answer: Promise<PacedAnswer>;
  /** How often it was asked for. */
  asks: number;
  state: 'waits' | 'allowed' | 'denied' | 'failed';
  error: unknown;
  paced: PacedAnswer | undefined;
}

class Desk {
  readonly runtime = new ManualRuntime();
  readonly pacer = new Pacer(this.runtime);
  readonly calls: Call[] = [];

  /** A call of `user`, answered by `answer`. */
  call(
    answer: () => ReserveOutput | Promise<ReserveOutput>,
    pace: PaceOptions = {},
    {
      user = 'alice',
      signal,
      inputTokens = 10,
      model = 'm',
    }: {
      readonly user?: string;
      readonly signal?: AbortSignal;
      readonly inputTokens?: number;
      readonly model?: string;
    } = {},
  ): Call {
    const call: Call = {
      answer: this.pacer.paced(
        { user, model, scopes: undefined, inputTokens, outputTokensMax: 0, pace, signal },
        async () => {
          call.asks += 1;
          return await answer();
        },
      ),
      asks: 0,
      state: 'waits',
      error: undefined,
      paced: undefined,
    };
    call.answer.then(
      (paced) => {
        call.paced = paced;
        call.state = paced.decision.decision;
      },
      (error: unknown) => {
        call.state = 'failed';
        call.error = error;
      },
    );
    this.calls.push(call);
    return call;
  }

  /** Lets `ms` pass, in steps small enough for answers to come in between. */
  async pass(ms: number, stepMs = ms): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.runtime.advance(stepMs);
      await quiet();
    }
  }

  limit(policy: LimiterPolicy = TEN_A_MINUTE): () => ReserveOutput {
    const limit = new OneLimit(policy);
    return () => limit.answer(1, this.runtime.nowMs());
  }

  states(): readonly string[] {
    return this.calls.map(({ state }) => state);
  }
}

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a paced call', () => {
  test('goes at once where nothing is known of limits, and where there are none', async () => {
    const desk = new Desk();
    for (let index = 0; index < 20; index += 1) desk.call(() => allowed([]));
    await quiet();
    expect(new Set(desk.states())).toEqual(new Set(['allowed']));
    expect(desk.calls.every(({ paced }) => paced?.waitedMs === 0)).toBe(true);
  });

  test('waits for the next window instead of being refused', async () => {
    const desk = new Desk();
    const answer = desk.limit();
    for (let index = 0; index < 12; index += 1) desk.call(answer, { waitMsMax: 120_000 });
    await desk.pass(120_000, 250);
    expect(new Set(desk.states())).toEqual(new Set(['allowed']));
    expect(desk.calls.reduce((sum, { asks }) => sum + asks, 0)).toBe(12);
    expect(Math.max(...desk.calls.map(({ paced }) => paced?.waitedMs ?? 0))).toBeGreaterThan(
      50_000,
    );
  });

  test('is asked for again after a refusal by rate, when that says', async () => {
    const desk = new Desk();
    const answer = desk.limit();
    // Somebody else has used it up.
    for (let index = 0; index < 10; index += 1) answer();
    const call = desk.call(answer, { waitMsMax: 120_000 });
    await desk.pass(59_000, 500);
    expect(call).toMatchObject({ state: 'waits', asks: 1 });
    await desk.pass(15_000, 500);
    expect(call).toMatchObject({ state: 'allowed', asks: 2 });
    expect(call.paced?.waitedMs).toBeGreaterThanOrEqual(59_000);
  });

  test('is refused at once when the refusal outlasts what it may wait', async () => {
    const desk = new Desk();
    const answer = desk.limit();
    for (let index = 0; index < 10; index += 1) answer();
    const call = desk.call(answer, { waitMsMax: 5_000 });
    await quiet();
    expect(call).toMatchObject({ state: 'denied', asks: 1 });
    // Those that follow need not ask to know.
    const next = desk.call(answer, { waitMsMax: 5_000 });
    await quiet();
    expect(next).toMatchObject({ state: 'failed', asks: 0, error: { code: 'too_many_requests' } });
    expect((next.error as BursarError).retryAfterMs).toBeGreaterThan(50_000);
  });

  test('never waits for money', async () => {
    const desk = new Desk();
    const call = desk.call(() => BROKE);
    await quiet();
    expect(call).toMatchObject({ state: 'denied', asks: 1 });
    expect(desk.runtime.timers).toBe(0);
  });

  test('gives up when its time is over, with the refusal if it had one', async () => {
    const desk = new Desk();
    const never = new Promise<ReserveOutput>(() => {});
    desk.call(() => never);
    const call = desk.call(() => allowed([]), { waitMsMax: 1_000 });
    await desk.pass(999);
    expect(call.state).toBe('waits');
    await desk.pass(1);
    expect(call).toMatchObject({ state: 'failed', asks: 0, error: { code: 'too_many_requests' } });
    expect((call.error as Error).message).toContain('pace.waitMsMax');
    expect(desk.pacer.waiting).toBe(0);
  });

  test('does not get in a line that is full', async () => {
    const desk = new Desk();
    desk.call(() => new Promise(() => {}));
    for (let index = 0; index < 3; index += 1) desk.call(() => allowed([]), { queueMax: 2 });
    await quiet();
    expect(desk.states()).toEqual(['waits', 'waits', 'waits', 'failed']);
    expect(String(desk.calls[3]?.error)).toContain('pace.queueMax');
  });

  test('leaves the line the moment its signal aborts, and is never asked for', async () => {
    const desk = new Desk();
    const answer = desk.limit();
    for (let index = 0; index < 10; index += 1) answer();
    const abort = new AbortController();
    const first = desk.call(answer, { waitMsMax: 120_000 }, { signal: abort.signal });
    await quiet();
    const second = desk.call(answer, { waitMsMax: 120_000 }, { signal: abort.signal });
    await quiet();
    expect(desk.pacer.waiting).toBe(2);
    abort.abort('gone');
    expect(desk.pacer.waiting).toBe(0);
    await quiet();
    expect([first, second]).toMatchObject([
      { state: 'failed', error: 'gone', asks: 1 },
      { state: 'failed', error: 'gone', asks: 0 },
    ]);
    await desk.pass(120_000, 10_000);
    expect([first.asks, second.asks]).toEqual([1, 0]);
    expect(desk.runtime.timers).toBe(0);
    // One that comes with an aborted signal does not even stand in line.
    const late = desk.call(answer, {}, { signal: abort.signal });
    await quiet();
    expect(late).toMatchObject({ state: 'failed', error: 'gone', asks: 0 });
  });

  test('keeps its place at a limit: small calls do not overtake a large one, and go when it has left', async () => {
    const desk = new Desk();
    const limit = new OneLimit(
      { algorithm: 'token-bucket', capacity: 100, refillPermits: 1, refillEveryMs: SECOND },
      'inputTokens',
    );
    const order: number[] = [];
    const call = (inputTokens: number, signal?: AbortSignal): Call =>
      desk.call(
        () => {
          const output = limit.answer(inputTokens, desk.runtime.nowMs());
          if (output.decision === 'allowed') order.push(inputTokens);
          return output;
        },
        { waitMsMax: 600_000 },
        // Small ones of another model, so that they are not merely behind the large one.
        {
          inputTokens,
          model: inputTokens > 1 ? 'large' : 'small',
          ...(signal === undefined ? {} : { signal }),
        },
      );
    call(40);
    await quiet();
    call(20);
    await quiet();
    // There is room for 40, and no more.
    const abort = new AbortController();
    const large = call(95, abort.signal);
    const small = call(1);
    await desk.pass(20_000, 1_000);
    expect([large.state, small.state]).toEqual(['waits', 'waits']);
    abort.abort();
    await desk.pass(2_000, 1_000);
    expect(small.state).toBe('allowed');
    const again = call(95);
    const behind = call(1);
    await desk.pass(300_000, 1_000);
    expect([again.state, behind.state]).toEqual(['allowed', 'allowed']);
    expect(order).toEqual([40, 20, 1, 95, 1]);
  });

  test('of other scopes, or another model, does not ask while a limit that it shares is known to have no room', async () => {
    const desk = new Desk();
    const answer = desk.limit();
    for (let index = 0; index < 10; index += 1) answer();
    const first = desk.call(answer, { waitMsMax: 120_000 });
    await quiet();
    // The limit is on the user alone, so that it holds for every model.
    const asks: string[] = [];
    const other = desk.pacer.paced(
      {
        user: 'alice',
        model: 'other',
        scopes: { team: 'red' },
        inputTokens: 10,
        outputTokensMax: 0,
        pace: { waitMsMax: 120_000 },
      },
      async () => {
        asks.push('other');
        return answer();
      },
    );
    await desk.pass(30_000, 1_000);
    expect([first.asks, asks]).toEqual([1, []]);
    await desk.pass(90_000, 1_000);
    expect((await other).decision.decision).toBe('allowed');
  });

  test('hears that the connection was closed', async () => {
    const desk = new Desk();
    desk.call(() => new Promise(() => {}));
    const waits = desk.call(() => allowed([]));
    const closed = new BursarError('store_unavailable', { message: 'closed' });
    desk.pacer.close(closed);
    const late = desk.call(() => allowed([]));
    await quiet();
    expect([waits.error, late.error]).toEqual([closed, closed]);
  });

  test('of batch goes after interactive ones, and after four of them', async () => {
    const desk = new Desk();
    const order: string[] = [];
    const named = (name: string) => () => {
      order.push(name);
      return allowed([]);
    };
    desk.call(() => allowed([]), { concurrencyMax: 1 });
    await quiet();
    for (let index = 0; index < 2; index += 1) {
      desk.call(named('batch'), { priority: 'batch', concurrencyMax: 1 });
    }
    for (let index = 0; index < 6; index += 1) desk.call(named('chat'), { concurrencyMax: 1 });
    // One after the other: each that was let through ends.
    const hasEnded = new Set<PacedAnswer>();
    for (let index = 0; index < 9; index += 1) {
      await quiet();
      for (const { paced } of desk.calls) {
        if (paced === undefined || hasEnded.has(paced)) continue;
        hasEnded.add(paced);
        paced.ended();
      }
    }
    expect(order).toEqual(['chat', 'chat', 'chat', 'chat', 'batch', 'chat', 'chat', 'batch']);
  });

  test('that failed to be asked for leaves the way free', async () => {
    const desk = new Desk();
    const away = new BursarError('store_unavailable', { message: 'away' });
    desk.call(() => Promise.reject(away), { concurrencyMax: 1 });
    const next = desk.call(() => allowed([]), { concurrencyMax: 1 });
    await quiet();
    expect(desk.calls[0]?.error).toBe(away);
    expect(next.state).toBe('allowed');
  });

  test('asks again for a slot that somebody else holds, less and less often', async () => {
    const desk = new Desk();
    let isFree = false;
    const slots: RateView = {
      scope: { kind: 'user', name: 'alice' },
      name: 'parallel',
      counts: 'requests',
      limit: 1,
      used: 1,
      remaining: 0,
      windowMs: null,
      resetAt: '2026-11-15T12:10:00.000Z',
      renewsAfterMs: null,
    };
    const refusal = {
      decision: 'denied',
      reason: 'rate_limited',
      // When its holder is given up, long after this call may wait.
      rates: [{ ...slots, retryAt: '2026-11-15T12:10:00.000Z' }],
      retryAfterMs: 600_000,
    } as Partial<RateLimited> as RateLimited;
    const call = desk.call(() => (isFree ? allowed([slots]) : refusal), { waitMsMax: 60_000 });
    await desk.pass(10_000, 250);
    // After 1, 2 and 4 seconds; the next is after 8.
    expect(call).toMatchObject({ state: 'waits', asks: 4 });
    isFree = true;
    await desk.pass(8_000, 250);
    expect(call).toMatchObject({ state: 'allowed', asks: 5 });
  });

  test('waits for a slot until a call of its own has ended', async () => {
    const desk = new Desk();
    const limit = new OneLimit({ algorithm: 'concurrency', limit: 1 });
    const answer = (): ReserveOutput => limit.answer(1, desk.runtime.nowMs());
    const first = desk.call(answer);
    await quiet();
    const second = desk.call(answer);
    await quiet();
    expect(second).toMatchObject({ state: 'waits', asks: 0 });
    first.paced?.ended({ usage: {}, costUsd: '0' });
    await quiet();
    expect(second.asks).toBe(1);
  });
});

const policies = fc.constantFrom<LimiterPolicy>(
  TEN_A_MINUTE,
  { algorithm: 'sliding-window-counter', limit: 10, windowMs: duration(60_000, 'windowMs') },
  { algorithm: 'sliding-window-log', limit: 7, windowMs: duration(30_000, 'windowMs') },
  {
    algorithm: 'token-bucket',
    capacity: 5,
    refillPermits: 1,
    refillEveryMs: duration(3_000, 'refillEveryMs'),
  },
);
const events = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('call' as const),
        user: fc.constantFrom('alice', 'bob'),
        priority: fc.constantFrom('interactive' as const, 'batch' as const),
        lastsMs: fc.nat(10_000),
        fails: fc.nat(9).map((die) => die === 0),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), at: fc.nat(50) }) },
  ),
  { maxLength: 40 },
);

test('whatever comes, fails and leaves: never more run than may, nobody is forgotten, and nothing is left behind', async () => {
  await fc.assert(
    fc.asyncProperty(policies, events, fc.integer({ min: 1, max: 4 }), async (policy, all, max) => {
      const desk = new Desk();
      const answer = desk.limit(policy);
      const running = new Map<string, number>();
      const run = (user: string, change: number): void => {
        const now = (running.get(user) ?? 0) + change;
        expect(now).toBeLessThanOrEqual(max);
        running.set(user, now);
      };
      const aborts: AbortController[] = [];
      const aborted = new Set<Call>();
      for (const event of all) {
        if (event.kind === 'pass') await desk.pass(event.ms, Math.max(1, event.ms / 20));
        else if (event.kind === 'abort') {
          const at = event.at % Math.max(1, aborts.length);
          const call = desk.calls[at];
          if (call === undefined) continue;
          const askedBefore = call.asks;
          const hadEnded = call.state !== 'waits';
          aborts[at]?.abort('gone');
          await quiet();
          expect(call.asks).toBe(askedBefore);
          if (!hadEnded) aborted.add(call);
        } else {
          const { user, priority, lastsMs, fails } = event;
          const abort = new AbortController();
          aborts.push(abort);
          const call = desk.call(
            () => {
              run(user, 1);
              if (fails) {
                run(user, -1);
                throw new BursarError('store_unavailable', { message: 'away' });
              }
              const output = answer();
              if (output.decision === 'denied') run(user, -1);
              return output;
            },
            { priority, concurrencyMax: max, waitMsMax: 600_000 },
            { user, signal: abort.signal },
          );
          void call.answer.then(
            (paced) => {
              if (paced.decision.decision === 'denied') return;
              desk.runtime.after(lastsMs, () => {
                run(user, -1);
                paced.ended();
              });
            },
            () => {},
          );
          await quiet();
        }
      }
      await desk.pass(600_000, 2_000);
      expect(desk.pacer.waiting).toBe(0);
      expect(desk.runtime.timers).toBe(0);
      for (const call of desk.calls) {
        if (aborted.has(call)) expect(call.error).toBe('gone');
        else if (call.state === 'failed')
          expect(call.error).toMatchObject({ code: 'store_unavailable' });
        else expect(call.state).toBe('allowed');
      }
    }),
    { numRuns: 40 },
  );
});
