/** Live usage over a connection that misbehaves: what is waited for, what is tried again, and what is an error. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { BudgetView } from '@bursar/api';
import { expect, onTestFinished, test } from 'vitest';
import { followOverHttp } from '../../src/transport/http-live.ts';

interface Asked {
  readonly input: Record<string, unknown>;
  readonly lastEventId: string | undefined;
}

const CONNECTED = 'event: connected\ndata: {"reconnectAfterInactivityMs":45000}\n\n';
const END = 'event: return\ndata: \n\n';
const state = (id: string, limitUsd: string): string =>
  `data: ${JSON.stringify({ limitUsd })}\nid: ${id}\n\n`;
const failure = (code: string, httpStatus: number): string =>
  `event: serialized-error\ndata: ${JSON.stringify({ message: 'no', data: { code, httpStatus } })}\n\n`;
/** Otherwise three seconds pass between two connections. */
const SOON = 'retry: 1\n';

/** A server that answers one connection after another as `answers` do. */
async function serverThat(
  ...answers: ((response: ServerResponse, asked: Asked) => void)[]
): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '/', 'http://here');
    const input = JSON.parse(url.searchParams.get('input') ?? '{}') as Asked['input'];
    const lastEventId = request.headers['last-event-id']?.toString();
    const question = { input, lastEventId };
    answers[asked.push(question) - 1]?.(response, question);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const events = (response: ServerResponse, text: string): ServerResponse => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
  return response;
};

/** Follows a team on the server at `url`; `silence` lets the longest silence pass. */
function follow(url: string): {
  readonly states: AsyncIterableIterator<BudgetView>;
  readonly silence: () => void;
  readonly waits: readonly number[];
} {
  const waits: number[] = [];
  let pass = (): void => {};
  const closing = new AbortController();
  onTestFinished(() => closing.abort());
  const at = { server: { url, token: 'bk' }, url, headers: { authorization: 'Bearer bk' } };
  const states = followOverHttp(at, { scope: { team: 'growth' } }, closing.signal, (ms, task) => {
    waits.push(ms);
    pass = task;
    return () => {
      if (pass === task) pass = () => {};
    };
  });
  return { states, silence: () => pass(), waits };
}

const limitOf = ({ value }: IteratorResult<BudgetView>): unknown => (value as BudgetView).limitUsd;

test('a connection that has been silent for too long is made anew, and goes on after what was seen', async () => {
  const { url, asked } = await serverThat(
    (response) => events(response, CONNECTED + state('1.a', '1.00')),
    (response) => events(response, CONNECTED + state('2.b', '2.00')),
  );
  const { states, silence, waits } = follow(url);
  expect(limitOf(await states.next())).toBe('1.00');
  expect(waits.at(-1)).toBe(45_000);
  silence();
  expect(limitOf(await states.next())).toBe('2.00');
  const scope = { kind: 'team', name: 'growth' };
  expect(asked.map(({ input }) => input)).toEqual([{ scope }, { scope, lastEventId: '1.a' }]);
});

test('a connection that breaks off, or ends with an error that passes, is made again after what was seen', async () => {
  const { url, asked } = await serverThat(
    (response) => events(response, SOON + CONNECTED + state('1.a', '1.00')).end(),
    (response) => events(response, CONNECTED + failure('store_unavailable', 503)).end(),
    (response) => events(response, CONNECTED + state('2.b', '2.00') + END).end(),
  );
  const { states } = follow(url);
  expect(limitOf(await states.next())).toBe('1.00');
  expect(limitOf(await states.next())).toBe('2.00');
  expect(await states.next()).toEqual({ done: true, value: undefined });
  expect(asked.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '1.a', '1.a']);
});

test.each([
  ['an error that stays', failure('input_invalid', 400), 'input_invalid'],
  ['too many of them', failure('too_many_requests', 429), 'too_many_requests'],
  ['a state that is none', 'data: <h1>\n\n', 'route_not_found'],
])('%s ends the iteration with an error, and nobody asks again', async (_what, text, code) => {
  const { url, asked } = await serverThat((response) =>
    events(response, SOON + CONNECTED + text).end(),
  );
  const { states } = follow(url);
  await expect(states.next()).rejects.toMatchObject({ code });
  expect(await states.next()).toEqual({ done: true, value: undefined });
  expect(asked).toHaveLength(1);
});

test('an answer that is not Bursar’s is an error that names the address', async () => {
  const { url } = await serverThat((response) => response.writeHead(404).end('<h1>no</h1>'));
  await expect(follow(url).states.next()).rejects.toMatchObject({
    code: 'route_not_found',
    message: expect.stringContaining(url),
  });
});
