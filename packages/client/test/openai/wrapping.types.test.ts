/** Compile-only: what `wrap` returns is exactly the type of what it was given. */
import OpenAI, { AzureOpenAI } from 'openai';
import { expectTypeOf, test } from 'vitest';
import type {
  BudgetExhausted,
  Denied,
  ExhaustedRate,
  LimitTooSmall,
  RateLimited,
  RequestTooLarge,
  ShareExceeded,
} from '@bursar/api';
import {
  type Bursar,
  type DeniedCall,
  type DeniedCallFor,
  denialOf,
  isDenied,
} from '../../src/index.ts';

declare const bursar: Bursar;
declare const error: unknown;

test('types', () => {
  class Ours extends OpenAI {
    readonly ours = true;
  }
  const options = { user: 'alice' };
  // Never run: `bursar` exists for the compiler only.
  const typed = (): void => {
    expectTypeOf(bursar.wrap(new OpenAI(), options)).toEqualTypeOf<OpenAI>();
    expectTypeOf(bursar.wrap(new AzureOpenAI(), options)).toEqualTypeOf<AzureOpenAI>();
    expectTypeOf(bursar.wrap(new Ours(), options)).toEqualTypeOf<Ours>();
    expectTypeOf(bursar.wrap(new Ours(), options).withOptions({})).toEqualTypeOf<Ours>();
    expectTypeOf(bursar.fetch(options)).toEqualTypeOf<typeof fetch>();
    new OpenAI({ fetch: bursar.fetch(options) });
    // @ts-expect-error a client has to be one whose transport can be exchanged
    bursar.wrap({}, options);
    // @ts-expect-error somebody has to pay
    bursar.wrap(new OpenAI(), {});
    if (isDenied(error)) {
      expectTypeOf(error).toEqualTypeOf<DeniedCall>();
      expectTypeOf(error.error.bursar).toEqualTypeOf<Denied>();
    }
    expectTypeOf(denialOf(error)).toEqualTypeOf<Denied | undefined>();
  };
  expectTypeOf(typed).toBeFunction();
});

test('S4: the five reasons of a denial are told apart at compile time, each with its own fields', () => {
  const typed = (denied: Denied): void => {
    switch (denied.reason) {
      case 'budget_exhausted':
        expectTypeOf(denied).toEqualTypeOf<BudgetExhausted>();
        expectTypeOf(denied.fitsAgainAt).toEqualTypeOf<string | null>();
        return;
      case 'limit_too_small':
        expectTypeOf(denied).toEqualTypeOf<LimitTooSmall>();
        expectTypeOf(denied.fitsAgainAt).toEqualTypeOf<null>();
        return;
      case 'rate_limited':
        expectTypeOf(denied).toEqualTypeOf<RateLimited>();
        expectTypeOf(denied.retryAfterMs).toEqualTypeOf<number | null>();
        expectTypeOf(denied.rates[0]).toEqualTypeOf<ExhaustedRate>();
        // No budget has to be short of money.
        expectTypeOf(denied).not.toHaveProperty('budget');
        return;
      case 'share_exceeded':
        expectTypeOf(denied).toEqualTypeOf<ShareExceeded>();
        expectTypeOf(denied.shareMaxUsd).toEqualTypeOf<string>();
        return;
      case 'request_too_large':
        expectTypeOf(denied).toEqualTypeOf<RequestTooLarge>();
        expectTypeOf(denied.limit).toEqualTypeOf<number>();
        return;
      default:
        // A reason that is not handled above does not compile.
        expectTypeOf(denied).toEqualTypeOf<never>();
    }
  };
  const fromErrors = (): void => {
    if (!isDenied(error)) return;
    if (error.code === 'rate_limited') {
      expectTypeOf(error).toEqualTypeOf<DeniedCallFor<'rate_limited'>>();
      expectTypeOf(error.error.bursar.rates[0]).toEqualTypeOf<ExhaustedRate>();
    } else {
      // Only rates have a time to wait.
      expectTypeOf(error.error.bursar).not.toHaveProperty('retryAfterMs');
    }
  };
  expectTypeOf(typed).toBeFunction();
  expectTypeOf(fromErrors).toBeFunction();
});
