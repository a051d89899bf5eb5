/** `whenUnreachable: 'deny'`, the default: a call that nobody can decide about is not made, and says why. */
import type { Caller } from '@bursar/api';
import { BursarError, isBursarError } from '@bursar/core';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { bursarMiddleware } from '../../src/ai/index.ts';
import { connect } from '../../src/connect.ts';
import { deadUrl } from '../support/dead-url.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MODEL, openWorld, prompt } from '../support/world.ts';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, wrapLanguageModel } from 'ai';
import { wrapAnthropic } from '../../src/anthropic/index.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const errorOf = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    () => expect.unreachable('no error'),
    (error: unknown) => error,
  );

test('by every door the refusal is server_unreachable, says where, and nothing is sent', async () => {
  await using world = await openWorld('in-process');
  const url = await deadUrl();
  const bursar = connect({ url, token: 'bk_any' }, new ManualRuntime());
  const unreachable = { code: 'server_unreachable', message: expect.stringContaining(url) };

  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice' });
  const byOpenai = await errorOf(openai.chat.completions.create(chat));
  expect(byOpenai).toBeInstanceOf(OpenAI.APIError);
  expect(byOpenai).toMatchObject({ ...unreachable, status: 503 });

  const anthropic = wrapAnthropic(bursar, world.plainAnthropic(), { user: 'alice' });
  const messages = [prompt(5)];
  const byAnthropic = errorOf(
    anthropic.messages.create({ model: 'claude-sonnet-4-6', max_tokens: 5, messages }),
  );
  expect(await byAnthropic).toMatchObject({ status: 503 });

  const work = { user: 'alice', model: 'renderer', amountUsd: '0.10' };
  const byMeter = await errorOf(bursar.meter(work, () => expect.unreachable('was run')));
  expect(isBursarError(byMeter)).toBe(true);

  const model = wrapLanguageModel({
    model: createOpenAI({ apiKey: 'sk', baseURL: world.provider.url })(MODEL),
    middleware: bursarMiddleware(bursar, { user: 'alice' }),
  });
  const byAi = await errorOf(generateText({ model, prompt: 'hi', maxRetries: 0 }));
  expect(byAi).toMatchObject({ code: 'server_unreachable' });
  expect(world.provider.calls).toHaveLength(0);
});

test('while the circuit is open a call is refused without asking, until a probe is answered', async () => {
  await using world = await openWorld('in-process');
  const runtime = new ManualRuntime();
  let isDown = true;
  let requests = 0;
  const bursar = connect(
    {
      url: await world.server.listen(),
      token: 'bk_test_world',
      circuit: { failuresMax: 3, openMs: 500 },
      fetch: (input, init) => {
        requests += 1;
        const refused = new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
        return isDown ? Promise.reject(refused) : fetch(input, init);
      },
    },
    runtime,
  );
  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice' });
  const call = (): Promise<unknown> => openai.chat.completions.create(chat);
  expect(await errorOf(call())).toMatchObject({ code: 'server_unreachable' });
  // Three attempts of the first call, and no more.
  for (let n = 0; n < 3; n += 1) {
    expect(await errorOf(call())).toMatchObject({ code: 'server_unreachable' });
  }
  expect(requests).toBe(3);
  isDown = false;
  expect(await errorOf(call())).toMatchObject({ code: 'server_unreachable' });
  runtime.advance(500);
  await call();
  expect(world.provider.calls).toHaveLength(1);
});

test('a decision that takes too long is none, and what it sets aside late is given back', async () => {
  await using world = await openWorld('in-process');
  const runtime = new ManualRuntime();
  const { meter } = world.server.caller({ tenant: 'default' });
  const asked = Promise.withResolvers<void>();
  const mayDecide = Promise.withResolvers<void>();
  const reserve: Caller['meter']['reserve'] = async (input) => {
    asked.resolve();
    await mayDecide.promise;
    return await meter.reserve(input);
  };
  const { extend, settle, release } = meter;
  const bursar = connect(
    { caller: { meter: { reserve, extend, settle, release } } as Caller },
    runtime,
  );
  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice', decisionMsMax: 250 });
  const refused = errorOf(openai.chat.completions.create(chat));
  await asked.promise;
  runtime.advance(250);
  expect(await refused).toMatchObject({
    code: 'server_unreachable',
    message: expect.stringContaining('250 ms'),
  });
  mayDecide.resolve();
  await bursar.settled();
  expect(world.provider.calls).toHaveLength(0);
  expect((await world.booked()).map(({ kind }) => kind)).toEqual(['release']);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('a server that answers that its stores are away is passed on as it is', async () => {
  await using world = await openWorld('in-process');
  const away = new BursarError('store_unavailable', { message: 'the stores are away' });
  const meter = { reserve: () => Promise.reject(away) };
  const bursar = connect({ caller: { meter } as unknown as Caller }, new ManualRuntime());
  const openai = bursar.wrap(world.plainOpenai(), { user: 'alice' });
  expect(await errorOf(openai.chat.completions.create(chat))).toMatchObject({
    code: 'store_unavailable',
  });
});

test('`allow` without a journal is refused where it is said', async () => {
  await using world = await openWorld('in-process');
  const options = { user: 'alice', whenUnreachable: 'allow' } as const;
  const needsJournal = { code: 'input_invalid', field: 'whenUnreachable' };
  expect(() => world.openai(options)).toThrow(expect.objectContaining(needsJournal));
  const work = { ...options, model: 'renderer', amountUsd: '0.10' };
  const metered = world.bursar.meter(work, () => expect.unreachable('was run'));
  expect(await errorOf(metered)).toMatchObject(needsJournal);
});
