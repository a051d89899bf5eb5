/** Compile-only: a denial is one of five reasons, which the compiler tells apart, wherever it was met. */
import type { DenialReason, Denied, DeniedFor, ReserveOutput } from '@bursar/api';
import { expectTypeOf, test } from 'vitest';
import {
  CallRefused,
  type DeniedCall,
  type DeniedCallFor,
  denialOf,
  isDenied,
} from '../src/index.ts';

declare const error: unknown;

/** What products write to be told of a reason that they do not handle. */
function assertNever(value: never): never {
  throw new Error(`not handled: ${String(value)}`);
}

test('there are five reasons, and a denial is of exactly one', () => {
  expectTypeOf<DenialReason>().toEqualTypeOf<
    'budget_exhausted' | 'limit_too_small' | 'rate_limited' | 'share_exceeded' | 'request_too_large'
  >();
  expectTypeOf<Denied['reason']>().toEqualTypeOf<DenialReason>();
});

test('a switch over all reasons needs no default, and one that forgets a reason does not compile', () => {
  const exhaustive = (denied: Denied): string => {
    switch (denied.reason) {
      case 'budget_exhausted':
        return `until ${denied.fitsAgainAt ?? 'somebody tops it up'}`;
      case 'limit_too_small':
        return denied.message;
      case 'rate_limited':
        return `in ${denied.retryAfterMs ?? 0} ms`;
      case 'share_exceeded':
        return `at most $${denied.shareMaxUsd}`;
      case 'request_too_large':
        return `at most ${denied.limit}`;
      default:
        return assertNever(denied);
    }
  };
  const forgetful = (denied: Denied): string => {
    switch (denied.reason) {
      case 'budget_exhausted':
      case 'limit_too_small':
      case 'rate_limited':
      case 'share_exceeded':
        return denied.message;
      default:
        // @ts-expect-error request_too_large is not handled
        return assertNever(denied);
    }
  };
  const byCode = (call: DeniedCall): string => {
    switch (call.code) {
      case 'budget_exhausted':
      case 'limit_too_small':
        return call.error.bursar.missingUsd;
      case 'share_exceeded':
        return call.error.bursar.shareMaxUsd;
      case 'rate_limited':
        return String(call.error.bursar.retryAfterMs);
      case 'request_too_large':
        return String(call.error.bursar.limit);
      default:
        return assertNever(call);
    }
  };
  expectTypeOf(exhaustive).returns.toBeString();
  expectTypeOf(forgetful).returns.toBeString();
  expectTypeOf(byCode).returns.toBeString();
});

test('isDenied narrows to the union, and its code to one of it', () => {
  const typed = (): void => {
    // @ts-expect-error nobody knows yet what it is
    void error.code;
    if (!isDenied(error)) return;
    expectTypeOf(error).toEqualTypeOf<DeniedCall>();
    expectTypeOf(error.error.bursar).toEqualTypeOf<Denied>();
    expectTypeOf(error.status).toEqualTypeOf<402 | 413 | 429 | undefined>();
    // @ts-expect-error there is no such reason
    if (error.code === 'out_of_money') return;
    // @ts-expect-error only a budget that is used up, or too small, is short of money
    void error.error.bursar.missingUsd;
    if (error.code === 'budget_exhausted') {
      expectTypeOf(error).toEqualTypeOf<DeniedCallFor<'budget_exhausted'>>();
      expectTypeOf(error.error.bursar).toEqualTypeOf<DeniedFor<'budget_exhausted'>>();
      expectTypeOf(error.error.bursar.fitsAgainAt).toEqualTypeOf<string | null>();
    }
  };
  expectTypeOf(typed).toBeFunction();
});

test('denialOf, CallRefused and the answer to reserve have the same union', () => {
  const typed = (answer: ReserveOutput): void => {
    expectTypeOf(denialOf(error)).toEqualTypeOf<Denied | undefined>();
    if (error instanceof CallRefused) expectTypeOf(error.error.bursar).toEqualTypeOf<Denied>();
    if (answer.decision === 'denied') expectTypeOf(answer).toEqualTypeOf<Denied>();
    // @ts-expect-error whoever is denied has nothing set aside
    if (answer.decision === 'denied') void answer.heldUsd;
    // @ts-expect-error there are two decisions
    if (answer.decision === 'refused') return;
    const denied = denialOf(error);
    // @ts-expect-error it may be about something else
    void denied.reason;
    if (denied?.reason === 'rate_limited') {
      // @ts-expect-error no budget has to be short of money
      void denied.budget;
    }
  };
  expectTypeOf(typed).toBeFunction();
});
