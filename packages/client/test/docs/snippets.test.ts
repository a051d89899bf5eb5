/** Every snippet of the client's pages is a file here: a page shows it as it is, the compiler has read it, and it runs. */
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureOpenAI } from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, TOKEN, type World } from '../support/world.ts';

const SNIPPETS = join(import.meta.dirname, 'snippets');
const PAGES = ['sdk.md', 'recipes.md'].map((page) =>
  readFileSync(join(import.meta.dirname, '../../../../docs', page), 'utf8'),
);
const BLOCK = /<!-- snippet: (\S+) -->\n+```ts\n([\s\S]*?)```/g;

const shown = PAGES.flatMap((page) =>
  [...page.matchAll(BLOCK)].map(([, name = '', text = '']) => [name, text] as const),
);

test('the pages show every snippet once, and no other code of TypeScript', () => {
  expect(shown.map(([name]) => name).toSorted()).toEqual(readdirSync(SNIPPETS).toSorted());
  expect(PAGES.join('').match(/```ts/g)).toHaveLength(shown.length);
});

test.each(shown)('%s is on its page as it is', (name, text) => {
  // In a project of one's own these files stand beside each other, with or without their endings.
  expect(text).toBe(readFileSync(join(SNIPPETS, name), 'utf8'));
});

describe('the snippets run', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld('in-process');
    Object.assign(process.env, {
      BURSAR_URL: await world.server.listen(),
      BURSAR_TOKEN: TOKEN,
      OPENAI_BASE_URL: world.provider.url,
      OPENAI_API_KEY: 'sk-test',
      ANTHROPIC_BASE_URL: world.provider.url.replace(/\/v1$/, ''),
      ANTHROPIC_API_KEY: 'sk-ant-test',
      BURSAR_JOURNAL: await mkdtemp(join(tmpdir(), 'bursar-snippets-')),
    });
    const budgets = [
      { name: 'credit', on: { kind: 'user' }, limitUsd: '5.00' },
      { name: 'credit', on: { kind: 'team' }, limitUsd: '10.00' },
    ];
    const document = { version: 1, defaults: { budgets } };
    await world.bursar.policies.put({ document, expectedVersion: 0 });
    await world.bursar.limits.set({ user: 'broke', limitUsd: '0' });
  });
  afterAll(async () => {
    const { stop } = await import('./snippets/queue-worker.ts');
    await stop();
    await rm(process.env['BURSAR_JOURNAL'] ?? '', { recursive: true, force: true });
    await world[Symbol.asyncDispose]();
  });

  const settlements = async (user: string): Promise<number> => {
    const { bursar } = await import('./snippets/bursar.ts');
    await bursar.settled();
    return (await world.booked(user)).filter(({ kind }) => kind === 'settle').length;
  };
  const post = (question: string, user: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user': user },
    body: JSON.stringify({ question }),
  });

  test('first-call.ts, denied.ts', async () => {
    const { askOrExplain } = await import('./snippets/denied.ts');
    expect((await askOrExplain('first', 'why')).length).toBeGreaterThan(20);
    expect(await askOrExplain('broke', 'why')).toContain('does not cover this call');
    expect(await settlements('first')).toBe(1);
  });

  test('stream.ts', async () => {
    const { stream } = await import('./snippets/stream.ts');
    let text = '';
    for await (const piece of stream('streamer', 'why')) text += piece;
    expect(text.length).toBeGreaterThan(20);
    expect(await settlements('streamer')).toBe(1);
  });

  test('batch.ts', async () => {
    const { collectBatch, startBatch } = await import('./snippets/batch.ts');
    const id = await startBatch('batcher', ['one', 'two']);
    expect((await collectBatch(id))?.split('\n')).toHaveLength(2);
    expect(await settlements('batcher')).toBe(1);
    expect(await settlements('collector')).toBe(0);
  });

  test('azure.ts', async () => {
    const { askAzure } = await import('./snippets/azure.ts');
    const endpoint = world.provider.url.replace(/\/v1$/, '');
    const baseURL = `${endpoint}/openai`;
    const azure = new AzureOpenAI({ apiKey: 'key', apiVersion: '2025-04-01-preview', baseURL });
    expect((await askAzure('cloud', azure, 'why')).length).toBeGreaterThan(20);
    expect(await settlements('cloud')).toBe(1);
  });

  test('realtime.ts', async () => {
    const { talk } = await import('./snippets/realtime.ts');
    const { bursar } = await import('./snippets/bursar.ts');
    const refused: string[] = [];
    const { hostname: host, port } = new URL(world.provider.url);
    const createConnection = (): Socket => connectTcp({ host, port: Number(port) });
    for (const user of ['talker', 'broke']) {
      const connection = new OpenAIRealtimeWS({
        model: 'gpt-realtime',
        options: { createConnection },
      });
      const realtime = talk(user, (why) => refused.push(why), connection);
      await realtime.emitted('session.created');
      const ended = realtime.emitted('response.done').catch(() => {});
      realtime.send({ type: 'response.create' });
      await ended;
      realtime.close();
    }
    expect(await settlements('talker')).toBe(1);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain('0');
    await bursar.settled();
  });

  test('anthropic.ts', async () => {
    const { askClaude } = await import('./snippets/anthropic.ts');
    expect((await askClaude('claude', 'why')).length).toBeGreaterThan(20);
    expect(await askClaude('broke', 'why')).toContain('does not cover this call');
    expect(await settlements('claude')).toBe(1);
  });

  test('ai-sdk.ts', async () => {
    const { askAnyModel, askOpenAi } = await import('./snippets/ai-sdk.ts');
    expect((await askAnyModel('ai', 'why')).length).toBeGreaterThan(20);
    expect((await askOpenAi('ai', 'why')).length).toBeGreaterThan(20);
    expect(await settlements('ai')).toBe(2);
  });

  test('meter.ts', async () => {
    const { render } = await import('./snippets/meter.ts');
    expect(await render('painter', async () => ({ url: 'x.png', seconds: 5 }))).toBe('x.png');
    const { settledUsd } = await world.bursar.usage.current({ user: 'painter' });
    expect(settledUsd).toBe('0.01');
  });

  test('session.ts', async () => {
    const { research } = await import('./snippets/session.ts');
    expect(await research('scholar', ['one', 'two'])).toMatch(/^2 calls, \$0\.0/);
  });

  test('purse.ts', async () => {
    const { crawl } = await import('./snippets/purse.ts');
    const read = async (page: string) => ({ text: page.toUpperCase(), costUsd: '0.01' });
    expect(await crawl('crawler', ['a', 'b', 'c'], read)).toEqual(['A', 'B', 'C']);
    const { settledUsd, reservedUsd } = await world.bursar.usage.current({ user: 'crawler' });
    expect({ settledUsd, reservedUsd }).toEqual({ settledUsd: '0.03', reservedUsd: '0.00' });
  });

  test('pace.ts', async () => {
    const { chat, summarize } = await import('./snippets/pace.ts');
    expect((await chat('chatter', 'why', new AbortController().signal)).length).toBeGreaterThan(20);
    expect(await summarize('chatter', ['one', 'two', 'three'])).toHaveLength(3);
    const left = chat('chatter', 'why', AbortSignal.abort());
    await expect(left).rejects.toThrow('aborted');
  });

  test('watch.ts', async () => {
    const { waitForSpend } = await import('./snippets/watch.ts');
    expect(Number(await waitForSpend('scholar', new AbortController().signal))).toBeGreaterThan(0);
  });

  test('embedded.ts', async () => {
    const { openBursar } = await import('./snippets/embedded.ts');
    const { bursar, stop } = await openBursar();
    const openai = bursar.wrap(world.plainOpenai(), { user: 'embedded' });
    await openai.responses.create({ model: 'gpt-4o-mini', input: 'why' });
    const { settledUsd, limitUsd } = await bursar.usage.current({ user: 'embedded' });
    expect([Number(settledUsd) > 0, limitUsd]).toEqual([true, '5.00']);
    await stop();
  });

  test('scopes.ts, budget-stream.ts', async () => {
    const { forTeam } = await import('./snippets/scopes.ts');
    const { GET } = await import('./snippets/budget-stream.ts');
    const leaving = new AbortController();
    const page = GET(
      new Request('http://localhost/api/budget?team=growth', { signal: leaving.signal }),
    );
    const events = page.body?.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<Record<string, string>> =>
      JSON.parse((await events?.read())?.value?.replace('data: ', '') ?? '{}');
    expect(await next()).toMatchObject({ limitUsd: '10.00', reservedUsd: '0.00' });
    await forTeam('member', 'growth').responses.create({ model: 'gpt-4o-mini', input: 'why' });
    const { reservedUsd, settledUsd } = await next();
    expect(Number(reservedUsd) + Number(settledUsd)).toBeGreaterThan(0);
    leaving.abort();
    for (let isOver = false; !isOver;) isOver = (await events?.read())?.done ?? true;
  });

  test('worker.ts', async () => {
    const { default: worker } = await import('./snippets/worker.ts');
    const {
      BURSAR_URL = '',
      BURSAR_TOKEN = '',
      OPENAI_API_KEY = '',
      OPENAI_BASE_URL = '',
    } = process.env;
    const env = { BURSAR_URL, BURSAR_TOKEN, OPENAI_API_KEY, OPENAI_BASE_URL };
    const waitedFor: Promise<unknown>[] = [];
    const ask = (user: string): Promise<Response> =>
      worker.fetch(new Request('http://localhost/', post('why', user)), env, {
        waitUntil: (work) => waitedFor.push(work),
      });
    expect(await (await ask('worker')).json()).toMatchObject({ answer: expect.any(String) });
    await Promise.all(waitedFor);
    expect(await settlements('worker')).toBe(1);
    const denied = await ask('broke');
    expect([denied.status, waitedFor.length]).toEqual([402, 2]);
  });

  test('unreachable.ts', async () => {
    const { askAnyway, leave } = await import('./snippets/unreachable.ts');
    expect((await askAnyway('anyway', 'why')).length).toBeGreaterThan(20);
    expect(await leave()).toBe(0);
    expect(await settlements('anyway')).toBe(1);
  });

  test('hooks.ts', async () => {
    const { askAndLog } = await import('./snippets/hooks.ts');
    const lines: string[] = [];
    await askAndLog('logger', (line) => lines.push(line));
    await settlements('logger');
    expect(lines).toEqual([
      'gpt-4o-mini: allowed',
      expect.stringMatching(/^\$0\.0+\d+, reported$/),
    ]);
  });

  test('next-route.ts', async () => {
    const { POST } = await import('./snippets/next-route.ts');
    const ask = (user: string): Promise<Response> =>
      POST(new Request('http://localhost/api/chat', post('why', user)));
    expect((await (await ask('next')).text()).split('\n').length).toBeGreaterThan(20);
    expect(await settlements('next')).toBe(1);
    const denied = await ask('broke');
    expect(denied.status).toBe(402);
    expect(await denied.json()).toMatchObject({ reason: 'limit_too_small' });
  });

  test('express-app.ts', async () => {
    const { app } = await import('./snippets/express-app.ts');
    const listening = app.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}/chat`;
    expect((await (await fetch(url, post('why', 'express'))).text()).length).toBeGreaterThan(20);
    expect(await settlements('express')).toBe(1);
    expect((await fetch(url, post('why', 'broke'))).status).toBe(402);
    listening.closeAllConnections();
    listening.close();
  });

  test('hono-app.ts', async () => {
    const { app } = await import('./snippets/hono-app.ts');
    const answer = await app.request('/chat', post('why', 'hono'));
    expect((await answer.text()).length).toBeGreaterThan(20);
    expect(await settlements('hono')).toBe(1);
    expect((await app.request('/chat', post('why', 'broke'))).status).toBe(402);
  });

  test('queue-worker.ts', async () => {
    const { writeReport } = await import('./snippets/queue-worker.ts');
    const told: [number, string][] = [];
    const job = {
      id: 'report-1',
      user: 'author',
      chapters: ['one', 'two'],
      progress: async (done: number, costUsd: string): Promise<void> => {
        told.push([done, costUsd]);
      },
    };
    expect(await writeReport(job)).toBe('done');
    expect(told.map(([done]) => done)).toEqual([1, 2]);
    expect(Number(told[1]?.[1])).toBeGreaterThan(Number(told[0]?.[1]));
    expect(await writeReport({ ...job, user: 'broke' })).toBe('out of credit');
  });
});
