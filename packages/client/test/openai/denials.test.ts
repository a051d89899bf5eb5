/** A refused call: never sent, never retried, and the caller learns why. */
import type { Denied, RateLimited, ReserveInput, ReserveOutput } from '@bursar/api';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { connect } from '../../src/connect.ts';
import { denialOf, isDenied } from '../../src/denial.ts';
import { denialResponse } from '../../src/http/refusal-response.ts';
import { rateLimitHeaders } from '../../src/rate-limit-headers.ts';
import { OPENAI_ERRORS } from '../../src/openai/openai-errors.ts';
import { deadUrl } from '../support/dead-url.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 1_000 };

async function errorOf(answer: Promise<unknown>): Promise<unknown> {
  return await answer.then(
    () => expect.unreachable('the call was not refused'),
    (error: unknown) => error,
  );
}

describe.each(REACHES)('%s', (reach) => {
  test('a call that does not fit is refused with a typed error and reaches no provider', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.0001' });
    const error = await errorOf(world.openai({}, { maxRetries: 5 }).chat.completions.create(chat));
    if (!isDenied(error)) return expect.unreachable(String(error));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 402, code: 'limit_too_small', type: 'bursar_denied' });
    expect(error.error.bursar.budgets).toMatchObject([
      { budget: { scope: { kind: 'user', name: 'alice' } } },
    ]);
    expect(error.message).toContain(error.error.bursar.message);
    expect(world.provider.calls).toHaveLength(0);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('the denial says what would fit, and that fits', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.0001' });
    const openai = world.openai();
    const denial = denialOf(await errorOf(openai.chat.completions.create(chat)));
    const fitting = denial?.outputTokensThatFit ?? 0;
    expect(fitting).toBeGreaterThan(0);
    const { usage } = await openai.chat.completions.create({
      ...chat,
      max_completion_tokens: fitting,
    });
    expect(usage?.completion_tokens).toBeLessThanOrEqual(fitting);
  });

  test('C15: a request with too many input tokens is refused as too large, and not sent', async () => {
    await using world = await openWorld(reach, { inputTokensMax: 10 });
    const error = await errorOf(world.openai({}, { maxRetries: 5 }).chat.completions.create(chat));
    expect(error).toMatchObject({ status: 413, code: 'request_too_large', type: 'bursar_denied' });
    const denied = denialOf(error);
    expect(denied).toMatchObject({ counts: 'inputTokens', limit: 10 });
    expect(world.provider.calls).toHaveLength(0);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test.each([
    ['a stream', (openai: OpenAI) => openai.chat.completions.create({ ...chat, stream: true })],
    ['the stream helper', (openai: OpenAI) => openai.chat.completions.stream(chat).done()],
    [
      'runTools',
      (openai: OpenAI) => openai.chat.completions.runTools({ ...chat, tools: [] }).done(),
    ],
    ['responses', (openai: OpenAI) => openai.responses.create({ model: MODEL, input: 'hi' })],
    [
      'embeddings',
      (openai: OpenAI) =>
        openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }),
    ],
  ] as const)('F07: with a limit of zero %s is refused', async (_name, call) => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0' });
    expect(isDenied(await errorOf(call(world.openai())))).toBe(true);
    expect(world.provider.calls).toHaveLength(0);
  });

  test('F04: a model without a price is refused in Bursar’s words', async () => {
    await using world = await openWorld(reach);
    const error = await errorOf(
      world.openai().chat.completions.create({ ...chat, model: 'gpt-unheard-of' }),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 412, code: 'price_unknown', type: 'bursar_error' });
    expect(isDenied(error)).toBe(false);
    expect(world.provider.calls).toHaveLength(0);
  });
});

test('F29: when Bursar cannot be reached nothing is sent', async () => {
  await using world = await openWorld('in-process');
  const runtime = new ManualRuntime();
  const bursar = connect({ url: await deadUrl(), token: 'bk_any' }, runtime);
  const openai = bursar.wrap(world.plainOpenai({ maxRetries: 5 }), { user: 'alice' });
  const error = await errorOf(openai.chat.completions.create(chat));
  expect(error).toMatchObject({ status: 503, code: 'server_unreachable', type: 'bursar_error' });
  expect(world.provider.calls).toHaveLength(0);
  expect(runtime.waits).toHaveLength(2);
});

test('a token that Bursar does not know is told apart from the provider’s key', async () => {
  await using world = await openWorld('in-process');
  const bursar = connect({ url: await world.server.listen(), token: 'bk_wrong' });
  const openai = bursar.wrap(world.plainOpenai({ maxRetries: 5 }), { user: 'alice' });
  const error = await errorOf(openai.chat.completions.create(chat));
  expect(error).toMatchObject({ status: 401, code: 'unauthorized', type: 'bursar_error' });
  expect(world.provider.calls).toHaveLength(0);
});

describe('too fast', () => {
  /** A wrapped client whose first call is denied by a rate, and whether it waited for it. */
  function tooFastAtFirst(world: World, retryAfterMs: number | null): OpenAI {
    const caller = world.server.caller({ tenant: 'default' });
    let isFirst = true;
    const reserve = async (input: ReserveInput): Promise<ReserveOutput> => {
      if (!isFirst) return await caller.meter.reserve(input);
      isFirst = false;
      return rateLimited(retryAfterMs);
    };
    const { extend, settle, release } = caller.meter;
    const meter = { reserve, extend, settle, release };
    const bursar = connect({ caller: { ...caller, meter } as typeof caller });
    return bursar.wrap(world.plainOpenai({ maxRetries: 1 }), { user: 'alice' });
  }

  test('a call waits as long as it is told, by the openai package itself, and then is made', async () => {
    await using world = await openWorld('in-process');
    const answer = await tooFastAtFirst(world, 5).chat.completions.create(chat);
    expect(answer.choices).toHaveLength(1);
    expect(world.provider.calls).toHaveLength(1);
  });

  test('a call that never fits is not tried again', async () => {
    await using world = await openWorld('in-process');
    const error = await errorOf(tooFastAtFirst(world, null).chat.completions.create(chat));
    expect(error).toMatchObject({ status: 402, code: 'rate_limited' });
    expect(world.provider.calls).toHaveLength(0);
  });

  test('is answered with 429 and both forms of Retry-After, rounded up', async () => {
    const { status, headers } = await denialResponse(rateLimited(1_500), OPENAI_ERRORS);
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toBe('2');
    expect(headers.get('retry-after-ms')).toBe('1500');
    expect(headers.get('x-should-retry')).toBeNull();
  });

  test('F09: says in its headers which limit it was and how that stands', async () => {
    const { headers } = await denialResponse(rateLimited(1_500), OPENAI_ERRORS);
    expect(headers.get('x-ratelimit-resource')).toBe('user/burst');
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect(headers.get('ratelimit-policy')).toBe('"user/burst";q=1;w=60');
    expect(headers.get('ratelimit')).toBe('"user/burst";r=0;t=2');
    // What products put on their own answers says the same.
    const denied = rateLimited(1_500);
    expect(rateLimitHeaders(denied, 0)).toMatchObject({
      RateLimit: headers.get('ratelimit'),
      'Retry-After': headers.get('retry-after'),
      'X-RateLimit-Reset': '1794744000',
    });
    expect(rateLimitHeaders({ ...denied, retryAfterMs: null })).not.toHaveProperty('Retry-After');
  });

  function rateLimited(retryAfterMs: number | null): RateLimited {
    const rate = {
      scope: { kind: 'user', name: 'alice' },
      name: 'burst',
      counts: 'requests',
      limit: 1,
      used: 1,
      remaining: 0,
      windowMs: 60_000,
      resetAt: '2026-11-15T12:00:00.000Z',
      renewsAfterMs: null,
      retryAt: null,
    } as const;
    return {
      decision: 'denied',
      reason: 'rate_limited',
      message: 'too fast',
      rates: [rate],
      retryAfterMs,
      budgets: [],
      outputTokensThatFit: null,
      ownKey: null,
      mode: { mode: 'direct', reason: null, since: rate.resetAt, worstOverspendUsd: '0.00' },
    };
  }
});

test('F01: of a burst exactly as many calls are made as the budget holds', async () => {
  // A call may cost 10,000 output tokens at 10 USD a million and its body in input: a little over 10 cents.
  await using world = await openWorld('in-process', { defaultLimitUsd: '5.00' });
  const openai = world.openai();
  const abort = new AbortController();
  const outcomes = Promise.allSettled(
    Array.from({ length: 100 }, () =>
      openai.chat.completions.create(
        { model: 'gpt-4o', messages: [prompt(1)], max_completion_tokens: 10_000 },
        { headers: { 'x-provider-hang': '1' }, signal: abort.signal },
      ),
    ),
  );
  await world.provider.arrived(49);
  abort.abort();
  const errors = (await outcomes).map((outcome) =>
    outcome.status === 'rejected' ? outcome.reason : null,
  );
  expect(errors.filter(isDenied)).toHaveLength(51);
  expect(world.provider.calls).toHaveLength(49);
});

describe('denialOf', () => {
  const denied = { decision: 'denied', reason: 'budget_exhausted', message: 'no' } as Denied;
  const body = { message: 'no', type: 'bursar_denied', code: 'budget_exhausted', bursar: denied };

  test.each([
    ['the openai package', Object.assign(new Error('402'), { error: body })],
    [
      'the AI SDK',
      Object.assign(new Error('402'), { responseBody: JSON.stringify({ error: body }) }),
    ],
    [
      'the AI SDK after retries',
      Object.assign(new Error('3 attempts'), {
        lastError: { responseBody: JSON.stringify({ error: body }) },
      }),
    ],
    [
      'an error with a cause',
      new Error('outer', { cause: Object.assign(new Error(), { error: body }) }),
    ],
  ])('finds the denial in errors of %s', (_name, error) => {
    expect(denialOf(error)).toEqual(denied);
  });

  test.each([
    ['another error', new Error('no')],
    ['another 402', Object.assign(new Error('402'), { status: 402, error: { code: 'payment' } })],
    ['a body that is no JSON', Object.assign(new Error(), { responseBody: 'bursar <html>' })],
    ['nothing', undefined],
    ['a string', 'bursar'],
    ['null in place of a denial', Object.assign(new Error(), { error: { bursar: null } })],
  ])('finds none in %s', (_name, error) => {
    expect(denialOf(error)).toBeUndefined();
    expect(isDenied(error)).toBe(false);
  });

  test('ends on causes that go in circles', () => {
    const error = new Error('round');
    error.cause = error;
    expect(denialOf(error)).toBeUndefined();
  });
});
