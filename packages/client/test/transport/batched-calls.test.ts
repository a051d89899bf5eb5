/** Calls that travel together: how many requests, how large, and whose answer is whose. */
import { expect, test } from 'vitest';
import { wasNeverSent } from '../../src/connection-failure.ts';
import { BatchedCalls, ForeignAnswer } from '../../src/transport/batched-calls.ts';

interface Sent {
  readonly url: string;
  readonly body: string | undefined;
  readonly answer: (response: Response) => void;
}

/** A server that answers when the test says so. */
function openCalls() {
  const sent: Sent[] = [];
  const timers: (() => void)[] = [];
  const calls = new BatchedCalls('http://bursar.test/trpc', {
    send: (url, { body }) => new Promise((answer) => sent.push({ url, body, answer })),
    close: () => {},
    waitMsMax: 1_000,
    after: (_delayMs, work) => timers.push(work),
  });
  /** Lets as many tenths of a second pass. */
  const wait = async (tenths: number): Promise<void> => {
    for (let tenth = 0; tenth < tenths; tenth += 1) {
      for (const work of timers.splice(0)) work();
      await tick();
    }
  };
  return { calls, sent, timers, wait };
}

/** Echoes each input of a request as its result. */
function echo({ url, body, answer }: Sent): void {
  const inputs = JSON.parse(body ?? new URL(url).searchParams.get('input') ?? '') as object;
  answer(Response.json(Object.values(inputs).map((data: unknown) => ({ result: { data } }))));
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a single call leaves within the microtask', async () => {
  const { calls, sent } = openCalls();
  const answer = calls.call('POST', 'meter.settle', { a: 1 });
  await Promise.resolve();
  expect(sent).toMatchObject([
    { url: 'http://bursar.test/trpc/meter.settle?batch=1', body: '{"0":{"a":1}}' },
  ]);
  sent.forEach(echo);
  expect(await answer).toEqual({ result: { data: { a: 1 } } });
});

test('calls of one tick share requests, queries and mutations apart, and get their own answers', async () => {
  const { calls, sent } = openCalls();
  const inputs = Array.from({ length: 120 }, (_, index) => ({ user: `ü&"${index}` }));
  const answers = Promise.all(
    inputs.map((input, index) => calls.call(index % 2 === 0 ? 'GET' : 'POST', 'a.b', input)),
  );
  await tick();
  expect(sent).toHaveLength(4);
  sent.forEach(echo);
  expect(await answers).toEqual(inputs.map((data) => ({ result: { data } })));
});

test('while many requests are under way calls wait, and leave together', async () => {
  const { calls, sent } = openCalls();
  for (let index = 0; index < 8; index += 1) {
    void calls.call('POST', 'slow', { index });
    await tick();
  }
  const answers = Promise.all(Array.from({ length: 30 }, () => calls.call('POST', 'quick', {})));
  await tick();
  expect(sent).toHaveLength(8);
  echo(sent[0] as Sent);
  await tick();
  expect(sent).toHaveLength(9);
  echo(sent[8] as Sent);
  expect(await answers).toHaveLength(30);
});

test('slow calls do not hold up the others for long, nor does their number ever pass its bound', async () => {
  const { calls, sent, timers, wait } = openCalls();
  for (let index = 0; index < 8; index += 1) {
    void calls.call('POST', 'slow', { index });
    await tick();
  }
  expect(timers).toHaveLength(0);
  const quick = calls.call('POST', 'quick', {});
  await tick();
  expect(sent).toHaveLength(8);
  await wait(2);
  expect(sent).toHaveLength(9);
  echo(sent[8] as Sent);
  expect(await quick).toEqual({ result: { data: {} } });
  for (let more = 0; more < 200; more += 1) {
    calls.call('POST', 'slow', { more }).catch(() => {});
    await wait(1);
  }
  expect(sent.length).toBeLessThanOrEqual(1 + 64);
  expect(sent.length).toBeGreaterThan(1 + 32);
});

test('when the server is quick again calls wait for company again', async () => {
  const { calls, sent, wait } = openCalls();
  for (let index = 0; index < 12; index += 1) {
    calls.call('POST', 'slow', { index }).catch(() => {});
    await wait(3);
  }
  expect(sent).toHaveLength(12);
  sent.splice(0).forEach(echo);
  await tick();
  const answers: Promise<unknown>[] = [];
  for (let index = 0; index < 12; index += 1) {
    answers.push(calls.call('POST', 'quick', { index }));
    await tick();
  }
  expect(sent).toHaveLength(8);
  sent.splice(0).forEach(echo);
  await tick();
  sent.splice(0).forEach(echo);
  expect(await Promise.all(answers)).toHaveLength(12);
});

test('a call that there is no room for is given up in time, unsent, and those after it are not', async () => {
  const { calls, sent, wait } = openCalls();
  for (let index = 0; index < 64; index += 1) {
    calls.call('POST', 'slow', { index }).catch(() => {});
    await wait(3);
  }
  expect(sent).toHaveLength(64);
  const early = calls.call('POST', 'early', {}).catch((error: unknown) => error);
  await wait(8);
  const late = calls.call('POST', 'late', {});
  await wait(4);
  expect(wasNeverSent(await early)).toBe(true);
  sent.splice(0).forEach(echo);
  await tick();
  expect(sent.map(({ url }) => url)).toEqual(['http://bursar.test/trpc/late?batch=1']);
  sent.forEach(echo);
  expect(await late).toEqual({ result: { data: {} } });
});

test('large inputs are spread over more requests', async () => {
  const { calls, sent } = openCalls();
  const text = 'x'.repeat(10_000);
  const answers = Promise.all(Array.from({ length: 9 }, () => calls.call('POST', 'a', { text })));
  await tick();
  expect(sent).toHaveLength(3);
  expect(sent.every(({ body }) => (body ?? '').length < 40_000)).toBe(true);
  sent.forEach(echo);
  expect(await answers).toHaveLength(9);
});

test('what is refused as a whole is refused for each call', async () => {
  const { calls, sent } = openCalls();
  const answers = Promise.all([calls.call('POST', 'a', {}), calls.call('POST', 'b', {})]);
  await tick();
  const error = { message: 'no', data: { code: 'unauthorized' } };
  sent[0]?.answer(Response.json({ error }, { status: 401 }));
  expect(await answers).toEqual([{ error }, { error }]);
});

test.each([
  ['no JSON', new Response('<html>', { status: 502 }), 502],
  ['other JSON', Response.json({ ok: true }), 200],
  ['too few answers', Response.json([]), 200],
])('%s is a foreign answer', async (_name, response, status) => {
  const { calls, sent } = openCalls();
  const answer = calls.call('POST', 'a', {});
  await tick();
  sent[0]?.answer(response);
  await expect(answer).rejects.toEqual(new ForeignAnswer(status));
});

test('an input that JSON cannot say is refused before it is sent', async () => {
  const { calls, sent } = openCalls();
  await expect(calls.call('POST', 'a', { amount: 1n })).rejects.toMatchObject({
    code: 'input_invalid',
  });
  expect(sent).toHaveLength(0);
});
