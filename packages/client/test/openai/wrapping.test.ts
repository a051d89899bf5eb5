/** A wrapped client is the client that it was. */
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(2)], max_completion_tokens: 20 };

test('it is of the same class and keeps its options', async () => {
  await using world = await openWorld('in-process');
  class Ours extends OpenAI {
    readonly mark = 'ours';
  }
  const wrapped = world.bursar.wrap(
    new Ours({ apiKey: 'sk-x', baseURL: world.provider.url, timeout: 1_234, maxRetries: 7 }),
    { user: 'alice' },
  );
  expect(wrapped).toBeInstanceOf(Ours);
  expect(wrapped).toMatchObject({ mark: 'ours', timeout: 1_234, maxRetries: 7, apiKey: 'sk-x' });
  await wrapped.chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(1);
});

test('a fetch of the client’s own is still the one that sends', async () => {
  await using world = await openWorld('in-process');
  const sent: string[] = [];
  const openai = world.openai(
    {},
    {
      fetch: (input, init) => {
        sent.push(new Request(input).url);
        return fetch(input, init);
      },
    },
  );
  await openai.chat.completions.create(chat);
  expect(sent).toEqual([`${world.provider.url}/chat/completions`]);
});

test('a fetch is called without an owner, as browsers and edge runtimes demand', async () => {
  await using world = await openWorld('in-process');
  const owners: unknown[] = [];
  const strict = function (this: unknown, ...args: Parameters<typeof fetch>) {
    owners.push(this);
    return fetch(...args);
  };
  const openai = world.openai({ unmeteredRoutes: 'allow' }, { fetch: strict });
  await openai.chat.completions.create(chat);
  await openai.models.list();
  await openai.images.generate({ prompt: 'a cat' }).catch(() => {});
  expect(owners).toEqual([undefined, undefined, undefined]);
});

test('its clones by withOptions are metered too', async () => {
  await using world = await openWorld('in-process');
  await world.openai().withOptions({ timeout: 5_000, maxRetries: 1 }).chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(1);
});

test('wrapping twice meters once', async () => {
  await using world = await openWorld('in-process');
  await world.bursar.wrap(world.openai(), { user: 'alice' }).chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(1);
});

test('the client that was wrapped stays as it was', async () => {
  await using world = await openWorld('in-process');
  const plain = world.plainOpenai();
  world.bursar.wrap(plain, { user: 'alice' });
  await plain.chat.completions.create(chat);
  expect(await world.booked()).toHaveLength(0);
});

test('the metered fetch works by itself, with every kind of argument', async () => {
  await using world = await openWorld('in-process');
  const metered = world.bursar.fetch({ user: 'alice' });
  const url = `${world.provider.url}/chat/completions`;
  const init = {
    method: 'POST',
    headers: { authorization: 'Bearer sk', 'content-type': 'application/json' },
    body: JSON.stringify(chat),
  };
  const bytes = new TextEncoder().encode(init.body);
  const answers = [
    await metered(url, init),
    await metered(new URL(url), { ...init, method: 'post' }),
    await metered(new Request(url, init)),
    await metered(new Request(url, { ...init, body: '{}' }), { body: init.body }),
    await metered(url, { ...init, body: bytes }),
    await metered(url, { ...init, body: new Blob([bytes]) }),
    await metered(url, {
      ...init,
      headers: { ...init.headers, 'content-length': '9999' },
      body: bytes.buffer,
    }),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await world.booked()).toHaveLength(answers.length);
});

test('options that make no sense are refused when the client is wrapped', async () => {
  await using world = await openWorld('in-process');
  expect(() => world.openai({ heartbeatMs: 40_000 })).toThrow('heartbeatMs');
  expect(() => world.openai({ ttlMs: 999 })).toThrow('ttlMs');
  expect(() => world.openai({ callMsMax: 3_600_001 })).toThrow('callMsMax');
  expect(() => world.openai({ callMsMax: Number.NaN })).toThrow('callMsMax');
  expect(() => world.openai({ drainMsMax: 1.5 })).toThrow('drainMsMax');
  expect(() => world.openai({ outputTokensFallback: -1 })).toThrow('outputTokensFallback');
  for (const outputTokensMin of [0, 1.5, -1]) {
    expect(() => world.openai({ clamp: { outputTokensMin } })).toThrow('clamp.outputTokensMin');
  }
});
