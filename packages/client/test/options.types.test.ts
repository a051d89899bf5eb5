/** Compile-only: options that do not exist, kinds of scopes that were not declared, and calls that lack something. */
import Anthropic from '@anthropic-ai/sdk';
import type { LanguageModelMiddleware } from 'ai';
import OpenAI from 'openai';
import { expectTypeOf, test } from 'vitest';
import { type AiOptions, bursarMiddleware } from '../src/ai/index.ts';
import { wrapAnthropic } from '../src/anthropic/index.ts';
import { type Bursar, connect, type SessionSummary, type WrapOptions } from '../src/index.ts';

declare const bursar: Bursar;

test('options that do not exist, and values that they cannot have, are mistakes', () => {
  // Never run: what is declared exists for the compiler only.
  const typed = (openai: OpenAI): void => {
    // @ts-expect-error there is no such option
    bursar.wrap(openai, { user: 'alice', onDenied: () => {} });
    // @ts-expect-error a stream is stopped or let finish
    bursar.wrap(openai, { user: 'alice', onExhausted: 'halt' });
    // @ts-expect-error durations are numbers of milliseconds
    bursar.wrap(openai, { user: 'alice', ttlMs: '60s' });
    // @ts-expect-error what has no price is refused or allowed
    bursar.wrap(openai, { user: 'alice', unmeteredRoutes: true });
    // @ts-expect-error names are strings
    bursar.wrap(openai, { user: 7 });
    // @ts-expect-error a hook is told of the call and of the decision
    bursar.wrap(openai, { user: 'alice', onDecision: (_call, _decision, _more: string) => {} });
    // @ts-expect-error a server has an address
    connect({ token: 'bk_' });
    // @ts-expect-error and wants a token
    connect({ url: 'http://127.0.0.1:4600' });
    bursar.wrap(openai, {
      user: 'alice',
      onDecision: ({ reservation }, decision) => {
        expectTypeOf(reservation).toBeString();
        if (decision.decision === 'allowed') expectTypeOf(decision.heldUsd).toBeString();
      },
      onSettled: (_call, { costUsd, basis }) => {
        expectTypeOf(costUsd).toBeString();
        expectTypeOf(basis).toEqualTypeOf<'reported' | 'counted' | 'estimated'>();
      },
    });
  };
  expectTypeOf(typed).toBeFunction();
});

test('users and models are no scopes; other kinds can be declared, and then there are no others', () => {
  const typed = (openai: OpenAI, anthropic: Anthropic): void => {
    bursar.wrap(openai, { user: 'alice', scopes: { team: 'growth', feature: ['chat', 'beta'] } });
    // @ts-expect-error the user is a field of its own
    bursar.wrap(openai, { user: 'alice', scopes: { user: 'bob' } });
    // @ts-expect-error and the model is said by the request
    bursar.wrap(openai, { user: 'alice', scopes: { model: 'gpt-4o' } });
    // @ts-expect-error names are strings
    bursar.wrap(openai, { user: 'alice', scopes: { team: 7 } });

    const declared = connect<'team' | 'feature'>({ url: 'http://127.0.0.1:4600', token: 'bk_' });
    const misspelt = { user: 'alice', scopes: { taem: 'growth' } };
    declared.wrap(openai, { user: 'alice', scopes: { team: 'growth' } });
    // @ts-expect-error a misspelt kind
    declared.wrap(openai, { user: 'alice', scopes: { taem: 'growth' } });
    // @ts-expect-error a misspelt kind
    declared.fetch({ user: 'alice', scopes: { taem: 'growth' } });
    // @ts-expect-error a misspelt kind, also when the options were made elsewhere
    declared.wrap(openai, misspelt);
    // @ts-expect-error a misspelt kind
    declared.session('s').wrap(openai, { user: 'alice', scopes: { taem: 'growth' } });
    void declared.meter(
      // @ts-expect-error a misspelt kind
      { user: 'alice', model: 'm', amountUsd: '1', scopes: { taem: 'growth' } },
      async () => ({ value: 1, costUsd: '0' }),
    );
    wrapAnthropic(declared, anthropic, { user: 'alice', scopes: { feature: 'chat' } });
    // @ts-expect-error a misspelt kind
    wrapAnthropic(declared, anthropic, { user: 'alice', scopes: { taem: 'growth' } });
    bursarMiddleware(declared, { user: 'alice', scopes: { feature: 'chat' } });
    // @ts-expect-error a misspelt kind
    bursarMiddleware(declared, { user: 'alice', scopes: { taem: 'growth' } });
    // Whoever wants any connection takes one whose kinds are declared, too.
    const anyConnection: Bursar = declared;
    void anyConnection;
  };
  expectTypeOf(typed).toBeFunction();
});

test('Anthropic: what comes out is what went in, and options are the same', () => {
  class Ours extends Anthropic {
    readonly ours = true;
  }
  const typed = (anthropic: Anthropic): void => {
    expectTypeOf(wrapAnthropic(bursar, anthropic, { user: 'alice' })).toEqualTypeOf<Anthropic>();
    expectTypeOf(wrapAnthropic(bursar, new Ours(), { user: 'alice' })).toEqualTypeOf<Ours>();
    // @ts-expect-error somebody has to pay
    wrapAnthropic(bursar, anthropic, {});
    // @ts-expect-error there is no such option
    wrapAnthropic(bursar, anthropic, { user: 'alice', limit: 5 });
    // @ts-expect-error a client has to be one whose transport can be exchanged
    wrapAnthropic(bursar, { messages: {} }, { user: 'alice' });
    const wrapped = wrapAnthropic(bursar, anthropic, { user: 'alice' });
    // @ts-expect-error Anthropic wants an output cap with each request
    void wrapped.messages.create({ model: 'claude-sonnet-4-6', messages: [] });
  };
  expectTypeOf(typed).toBeFunction();
});

test('the AI SDK: a middleware of its own type, without the options that only requests have', () => {
  const typed = (): void => {
    expectTypeOf(
      bursarMiddleware(bursar, { user: 'alice' }),
    ).toEqualTypeOf<LanguageModelMiddleware>();
    // @ts-expect-error somebody has to pay
    bursarMiddleware(bursar, {});
    // @ts-expect-error the AI SDK makes the request, so that nothing can be taken from it
    bursarMiddleware(bursar, { user: 'alice', clamp: true });
    // @ts-expect-error there is no such option
    bursarMiddleware(bursar, { user: 'alice', model: 'gpt-4o' });
    expectTypeOf<AiOptions['onExhausted']>().toEqualTypeOf<WrapOptions['onExhausted']>();
  };
  expectTypeOf(typed).toBeFunction();
});

test('metered work: either tokens or an amount before, either usage or a cost after, and its value out', () => {
  const typed = async (): Promise<void> => {
    const call = { user: 'alice', model: 'm', amountUsd: '0.50' };
    expectTypeOf(
      await bursar.meter(call, async () => ({ value: [1], costUsd: '0.1' })),
    ).toEqualTypeOf<number[]>();
    // @ts-expect-error money is a decimal string, never a number
    void bursar.meter({ ...call, amountUsd: 0.5 }, async () => ({ value: 1, costUsd: '0.1' }));
    // @ts-expect-error how much it may cost at most is not said
    void bursar.meter({ user: 'alice', model: 'm' }, async () => ({ value: 1, costUsd: '0.1' }));
    // @ts-expect-error a price is looked up by a model's name
    void bursar.meter({ ...call, model: 4 }, async () => ({ value: 1, costUsd: '0.1' }));
    // @ts-expect-error what it did cost is not said
    void bursar.meter(call, async () => ({ value: 1 }));
    // @ts-expect-error tokens of that kind do not exist
    void bursar.meter(call, async () => ({ value: 1, usage: { goldTokens: 1 } }));
    // @ts-expect-error nobody knows it like that
    void bursar.meter(call, async () => ({ value: 1, costUsd: '0.1', basis: 'guessed' }));
    expectTypeOf(await bursar.session('s').summary()).toEqualTypeOf<SessionSummary>();
  };
  expectTypeOf(typed).toBeFunction();
});

test('live usage is of a user or of a scope, and money is never a number', () => {
  const typed = async (): Promise<void> => {
    for await (const budget of bursar.usage.live({ scope: { team: 'growth' } })) {
      expectTypeOf(budget.settledUsd).toBeString();
      expectTypeOf(budget.limitUsd).toEqualTypeOf<string | null>();
    }
    bursar.usage.live({ user: 'alice', budget: 'tokens' });
    bursar.usage.live({ scope: { kind: 'team', name: 'growth' } });
    // @ts-expect-error of whom?
    bursar.usage.live({});
    // @ts-expect-error of one of them
    bursar.usage.live({ user: 'alice', scope: { team: 'growth' } });
    // @ts-expect-error money is a decimal string
    void bursar.limits.set({ user: 'alice', limitUsd: 5 });
  };
  expectTypeOf(typed).toBeFunction();
});

test('requests keep the types of their SDK: a model is a name', () => {
  const typed = async (openai: OpenAI): Promise<void> => {
    const wrapped = bursar.wrap(openai, { user: 'alice' });
    // @ts-expect-error a model has a name
    void wrapped.chat.completions.create({ model: 4, messages: [] });
    // @ts-expect-error somebody has to answer
    void wrapped.chat.completions.create({ messages: [] });
    const stream = await wrapped.responses.create({ model: 'gpt-4o', input: 'hi', stream: true });
    for await (const event of stream) expectTypeOf(event.type).not.toBeAny();
  };
  expectTypeOf(typed).toBeFunction();
});
