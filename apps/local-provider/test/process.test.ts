import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { expect, onTestFinished, test } from 'vitest';
import { promptOf } from './open-provider.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

async function start(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = fork(MAIN, ['--port', '0'], { silent: true, execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { stdout } = child;
  assert(stdout !== null);
  const [line] = (await once(stdout, 'data')) as [Buffer];
  const { listening } = JSON.parse(line.toString()) as { listening: string };
  return { child, url: listening };
}

test('the process serves, and shows its book', async () => {
  const { url } = await start();
  const client = new OpenAI({ baseURL: url, apiKey: 'any' });
  await client.chat.completions.create({ model: 'gpt-4o', messages: promptOf(3) });
  const totals = await fetch(new URL('/provider/totals', url));
  expect(await totals.json()).toMatchObject({ completed: 1, promptTokens: 3 });
  const calls = await fetch(new URL('/provider/calls', url));
  expect(await calls.json()).toMatchObject([{ model: 'gpt-4o', ending: 'completed' }]);
});

test('it ends with its parent', async () => {
  const { child } = await start();
  const exited = once(child, 'exit');
  child.disconnect();
  expect(await exited).toEqual([0, null]);
});

test('it ends on SIGTERM, also with a call open', async () => {
  const { child, url } = await start();
  const client = new OpenAI({ baseURL: url, apiKey: 'any', maxRetries: 0 });
  const stream = await client.chat.completions.create(
    { model: 'gpt-4o', messages: promptOf(3), stream: true },
    { headers: { 'x-provider-chunk-delay-ms': '600000' } },
  );
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
