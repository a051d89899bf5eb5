/** `whenUnreachable: 'allow'`: calls are made while nobody hears Bursar, and each is booked once, later. */
import { createOpenAI } from '@ai-sdk/openai';
import type { Caller } from '@bursar/api';
import { BursarError } from '@bursar/core';
import { generateText, wrapLanguageModel } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bursarMiddleware } from '../../src/ai/index.ts';
import { wrapAnthropic } from '../../src/anthropic/index.ts';
import { type Bursar, connect } from '../../src/connect.ts';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { CuttableLine } from '../support/cuttable.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { MemoryJournal } from '../support/memory-journal.ts';
import { MODEL, openWorld, prompt, TOKEN, type World } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };

let world: World;
let url: string;
let users = 0;
beforeAll(async () => {
  world = await openWorld('in-process');
  url = await world.server.listen();
});
afterAll(() => world[Symbol.asyncDispose]());

/** A connection whose line can be cut, with a journal, and a user of its own. */
function openLine(journal = new MemoryJournal()) {
  users += 1;
  const line = new CuttableLine();
  const runtime = new ManualRuntime();
  const bursar = connect(
    { url, token: TOKEN, fetch: line.fetch, journal: journal.open() },
    runtime,
  );
  const options = { user: `user-${users}`, whenUnreachable: 'allow' } as const;
  return {
    line,
    runtime,
    journal,
    bursar,
    options,
    openai: (more: Partial<WrapOptions> = {}) =>
      bursar.wrap(world.plainOpenai(), { ...options, ...more }),
    booked: () => world.booked(options.user),
    /** Lets everything that is kept be told, the line being up. */
    told: async () => {
      line.state = 'up';
      runtime.advance(30_000);
      await expect.poll(() => journal.kept.size).toBe(0);
    },
  };
}

describe('a call that nobody hears Bursar about', () => {
  const doors: [string, (bursar: Bursar, options: WrapOptions) => Promise<unknown>][] = [
    [
      'openai',
      (bursar, options) => bursar.wrap(world.plainOpenai(), options).chat.completions.create(chat),
    ],
    [
      'openai, streamed',
      async (bursar, options) => {
        const openai = bursar.wrap(world.plainOpenai(), options);
        const stream = await openai.chat.completions.create({ ...chat, stream: true });
        for await (const chunk of stream) void chunk;
      },
    ],
    [
      'anthropic',
      (bursar, options) =>
        wrapAnthropic(bursar, world.plainAnthropic(), options).messages.create({
          model: 'claude-sonnet-4-6',
          max_tokens: 50,
          messages: [prompt(5)],
        }),
    ],
    [
      'the AI SDK',
      (bursar, options) => {
        const model = createOpenAI({ apiKey: 'sk', baseURL: world.provider.url })(MODEL);
        const middleware = bursarMiddleware(bursar, options);
        return generateText({ model: wrapLanguageModel({ model, middleware }), prompt: 'why' });
      },
    ],
    [
      'meter',
      (bursar, options) =>
        bursar.meter({ ...options, model: 'renderer', amountUsd: '0.50' }, async () => ({
          value: undefined,
          costUsd: '0.20',
        })),
    ],
  ];

  test.each(doors)('by %s is made, kept, and booked once as reported', async (_door, call) => {
    const { line, bursar, options, booked, told, journal } = openLine();
    line.state = 'refused';
    const seen: string[] = [];
    await call(bursar, {
      ...options,
      onDecision: () => seen.push('decided'),
      onUnreserved: () => seen.push('unreserved'),
      onSettleKept: () => seen.push('kept'),
      onSettled: () => seen.push('settled'),
    });
    await bursar.settled();
    expect(seen).toEqual(['unreserved', 'kept']);
    expect(await booked()).toEqual([]);
    await told();
    expect(await booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
    await expect.poll(() => seen).toEqual(['unreserved', 'kept', 'settled']);
    expect(journal.events).toMatchObject([{ kind: 'booked' }]);
  });

  test('costs what it would have cost, on the scopes that it names, beyond the limit if need be', async () => {
    const { line, options, openai, told } = openLine();
    const { user } = options;
    await world.bursar.limits.set({ user, limitUsd: '0' });
    line.state = 'refused';
    await openai().chat.completions.create(chat);
    await told();
    const [call] = world.provider.calls.slice(-1);
    const cost = (call?.promptTokens ?? 0) * 150 + (call?.outputTokens ?? 0) * 600;
    const { settledUsd } = await world.bursar.usage.current({ user });
    expect(Math.round(Number(settledUsd) * 1e9)).toBe(cost);
    // The server is heard again, and decides again.
    await expect(openai().chat.completions.create(chat)).rejects.toMatchObject({ status: 402 });
  });

  test('that was reserved without anybody knowing is settled on that reservation', async () => {
    const { line, openai, booked, told, options } = openLine();
    line.state = 'answers lost';
    await openai().chat.completions.create(chat);
    await told();
    expect(await booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
    expect(await world.reservedUsd(options.user)).toBe('0.00');
  });

  test('and that the provider refused leaves nothing booked and nothing kept', async () => {
    const { line, openai, booked, journal, bursar } = openLine();
    line.state = 'refused';
    const refused = openai().chat.completions.create(chat, {
      headers: { 'x-provider-status': '503' },
    });
    await expect(refused).rejects.toMatchObject({ status: 503 });
    await bursar.settled();
    expect(journal.appended).toHaveLength(1);
    expect(journal.kept.size).toBe(0);
    expect(await booked()).toEqual([]);
  });

  test('is refused when the journal takes nothing: what it costs would be lost', async () => {
    const { line, openai, journal } = openLine();
    const calls = world.provider.calls.length;
    line.state = 'refused';
    journal.failure = new Error('disk full');
    await expect(openai().chat.completions.create(chat)).rejects.toMatchObject({
      status: 503,
      code: 'journal_unavailable',
      message: expect.stringContaining('disk full'),
    });
    expect(world.provider.calls).toHaveLength(calls);
  });

  test('is obeyed when the server answers: a denial stays a denial', async () => {
    const { openai, options } = openLine();
    await world.bursar.limits.set({ user: options.user, limitUsd: '0' });
    await expect(openai().chat.completions.create(chat)).rejects.toMatchObject({ status: 402 });
  });

  test('is obeyed when the server answers that its stores are away: it has decided to refuse', async () => {
    const away = new BursarError('store_unavailable', { message: 'the stores are away' });
    const caller = { meter: { reserve: () => Promise.reject(away) } } as unknown as Caller;
    const bursar = connect({ caller, journal: new MemoryJournal().open() }, new ManualRuntime());
    const calls = world.provider.calls.length;
    const openai = bursar.wrap(world.plainOpenai(), { user: 'alice', whenUnreachable: 'allow' });
    await expect(openai.chat.completions.create(chat)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(world.provider.calls).toHaveLength(calls);
  });

  test('that never ends is booked with its bound after the longest time a call may take', async () => {
    const { line, openai, runtime, journal, booked, told } = openLine();
    line.state = 'refused';
    const stream = await openai({ callMsMax: 60_000 }).chat.completions.create({
      ...chat,
      stream: true,
    });
    runtime.advance(59_999);
    expect(journal.appended).toHaveLength(1);
    runtime.advance(1);
    await told();
    expect(await booked()).toMatchObject([
      { kind: 'settle', basis: 'estimated', usage: { outputTokens: 50 } },
    ]);
    stream.controller.abort();
  });

  test('whose process dies in the middle of it is booked with its bound by the next one', async () => {
    const { line, openai, journal, options } = openLine();
    line.state = 'refused';
    const stream = await openai().chat.completions.create({ ...chat, stream: true });
    const next = openLine(journal.afterDeath());
    await expect.poll(() => next.journal.events).toMatchObject([{ kind: 'booked' }]);
    expect(await world.booked(options.user)).toMatchObject([
      { kind: 'settle', basis: 'estimated', usage: { outputTokens: 50 } },
    ]);
    // Should it live after all, what it says then is known already, and changes nothing.
    line.state = 'up';
    for await (const chunk of stream) void chunk;
    expect(await world.booked(options.user)).toHaveLength(1);
    // And so is what a process says that finds the same once more.
    const another = openLine(journal.afterDeath());
    await another.bursar.close();
    expect(await world.booked(options.user)).toHaveLength(1);
  });

  test('is not made when it would go on for hours, because nobody here would see its end', async () => {
    const { line, openai } = openLine();
    const request = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: chat };
    const lines = new File([JSON.stringify(request)], 'calls.jsonl');
    const file = await openai().files.create({ purpose: 'batch', file: lines });
    line.state = 'refused';
    const batch = openai().batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await expect(batch).rejects.toMatchObject({ status: 503, code: 'server_unreachable' });
  });
});

describe('a journal', () => {
  test('keeps the end of a reserved call that nobody hears, and tells it once', async () => {
    const { line, openai, journal, booked, told, options } = openLine();
    const stream = await openai({ whenUnreachable: 'deny' }).chat.completions.create({
      ...chat,
      stream: true,
    });
    line.state = 'answers lost';
    for await (const chunk of stream) void chunk;
    await expect.poll(() => journal.kept.size).toBe(1);
    await told();
    expect(await booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
    expect(await world.reservedUsd(options.user)).toBe('0.00');
  });

  test('is told by the next process, and nothing twice that was acknowledged', async () => {
    const { line, openai, journal, options, bursar } = openLine();
    await openai().chat.completions.create(chat);
    await bursar.settled();
    line.state = 'refused';
    await openai().chat.completions.create(chat);
    expect(await bursar.close()).toEqual({ callsOpen: 0, kept: 1 });
    const next = openLine(journal.afterDeath());
    await expect.poll(() => next.journal.events).toMatchObject([{ kind: 'booked' }]);
    expect(await world.booked(options.user)).toHaveLength(2);
    expect(await next.bursar.close()).toEqual({ callsOpen: 0, kept: 0 });
  });

  test('is written before the server is told', async () => {
    const { line, journal } = openLine();
    const order: string[] = [];
    const append = journal.append.bind(journal);
    journal.append = async (commit) => {
      await new Promise(setImmediate);
      order.push(`written ${commit.kind}`);
      await append(commit);
    };
    const { fetch: send } = line;
    const bursar = connect({
      url,
      token: TOKEN,
      journal: journal.open(),
      fetch: (input, init) => {
        if (String(input as string).includes('settle')) order.push('told');
        return send(input, init);
      },
    });
    await bursar.wrap(world.plainOpenai(), { user: 'orderly' }).chat.completions.create(chat);
    await bursar.close();
    expect(order).toEqual(['written settle', 'told']);
  });

  test('that takes nothing costs a reserved call nothing: it is settled as without one', async () => {
    const { openai, journal, booked, bursar } = openLine();
    journal.failure = new Error('disk full');
    await openai().chat.completions.create(chat);
    await bursar.settled();
    expect(await booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
    expect(journal.events).toMatchObject([{ kind: 'failed' }]);
  });

  test('keeps what the server does not accept, says so, and tries it again', async () => {
    const { line, runtime, bursar, booked, journal, options } = openLine();
    line.state = 'refused';
    const work = { ...options, model: 'renderer', amountUsd: '0.50' };
    await bursar.meter(work, async () => ({ value: undefined, costUsd: '0.20' }));
    await bursar.settled();
    line.state = 'up';
    let isRefusing = true;
    const [kept] = journal.kept.values();
    const next = journal.afterDeath();
    const told = connect(
      {
        url,
        token: TOKEN,
        journal: next.open(),
        fetch: async (input, init) => {
          if (!isRefusing) return await fetch(input, init);
          const headers = { ...(init?.headers as object), authorization: 'Bearer bk_wrong' };
          return await fetch(input, { ...init, headers });
        },
      },
      runtime,
    );
    await expect
      .poll(() => next.events)
      .toMatchObject([{ kind: 'refused', commit: kept, error: { code: 'unauthorized' } }]);
    expect(next.kept.size).toBe(1);
    isRefusing = false;
    await new Promise(setImmediate);
    runtime.advance(60_000);
    await expect.poll(() => next.kept.size).toBe(0);
    expect(await booked()).toMatchObject([{ kind: 'settle' }]);
    await told.close();
  });

  test('says of what the server knows already that it stays as it is', async () => {
    const { openai, journal, bursar, booked } = openLine();
    await openai().chat.completions.create(chat);
    await bursar.settled();
    const [commit] = journal.appended;
    if (commit?.kind !== 'settle') return expect.unreachable('was not settled');
    const other = { reservation: commit.input.reservation, costUsd: '0.99' };
    const dead = new MemoryJournal();
    await dead.append({ kind: 'settle', input: other, atMs: Date.now() });
    await dead.append({
      kind: 'release',
      input: { reservation: crypto.randomUUID() },
      atMs: Date.now(),
    });
    const next = openLine(dead.afterDeath());
    await expect.poll(() => next.journal.events).toHaveLength(2);
    expect(next.journal.events.map(({ kind }) => kind)).toEqual(['superseded', 'superseded']);
    expect(next.journal.kept.size).toBe(0);
    expect(await booked()).toHaveLength(1);
  });

  test('drops what could not be booked for too long, and says so', async () => {
    const journal = new MemoryJournal();
    const input = { reservation: crypto.randomUUID(), costUsd: '0.20' };
    await journal.append({ kind: 'settle', input, atMs: 1_000 });
    const next = journal.afterDeath();
    const bursar = connect({
      url,
      token: TOKEN,
      journal: next.open({ ageMsMax: 5_000, nowMs: () => 6_001 }),
    });
    await expect.poll(() => next.events).toMatchObject([{ kind: 'too_old', commit: { input } }]);
    expect(next.kept.size).toBe(0);
    await bursar.close();
  });

  test('tells one, and only when that is heard the others', async () => {
    const { line, openai, journal, runtime, bursar } = openLine();
    line.state = 'refused';
    const calls = Array.from({ length: 30 }, () => openai().chat.completions.create(chat));
    await Promise.all(calls);
    await bursar.settled();
    const before = line.requests;
    // Somewhere between half a second and one.
    runtime.advance(1_000);
    await expect.poll(() => line.requests).toBe(before + 1);
    await new Promise(setImmediate);
    expect(line.requests).toBe(before + 1);
    line.state = 'up';
    runtime.advance(2_000);
    await expect.poll(() => journal.kept.size).toBe(0);
  });

  test('holds neither what was said nor a key', async () => {
    const { line, openai, journal, bursar } = openLine();
    line.state = 'refused';
    await openai().chat.completions.create({
      ...chat,
      messages: [{ role: 'user', content: 'a secret question' }],
    });
    await bursar.settled();
    const text = JSON.stringify(journal.appended);
    expect(journal.appended).toHaveLength(2);
    expect(text).not.toMatch(/secret|question|sk-|bk_/);
  });

  test.each([['ageMsMax', { ageMsMax: 0 }]])('refuses a malformed %s', (field, options) => {
    expect(() => new MemoryJournal().open(options)).toThrow(
      expect.objectContaining({ code: 'input_invalid', field }) as BursarError,
    );
  });
});
