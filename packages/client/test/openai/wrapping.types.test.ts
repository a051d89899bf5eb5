/** Compile-only: what `wrap` returns is exactly the type of what it was given. */
import OpenAI, { AzureOpenAI } from 'openai';
import { expectTypeOf, test } from 'vitest';
import { type Bursar, type DeniedCall, denialOf, isDenied } from '../../src/index.ts';
import type { Denied } from '@bursar/api';

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
