/** Responses over a WebSocket: each request on the open connection is a call of its own. */
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { openResponses, VERSIONS } from '../support/live-connection.ts';
import { MODEL, openWorld } from '../support/world.ts';

const TEN = { 'x-provider-output-tokens': '10' };
const create = {
  type: 'response.create',
  model: MODEL,
  input: 'one two three',
  max_output_tokens: 100,
} as const;

describe.each(VERSIONS)('openai %i', (version) => {
  test('what is sent before the connection is open is metered too, and settled as reported', async () => {
    await using world = await openWorld('http');
    const { bursar, provider } = world;
    const live = openResponses({ bursar, providerUrl: provider.url, version, headers: TEN });
    live.connection.send(create);
    const { response } = await live.next('response.completed');
    live.connection.send({ ...create, previous_response_id: response?.id ?? '' });
    await live.next('response.completed');
    live.connection.close();
    expect(await world.booked()).toMatchObject([
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 3, outputTokens: 10 } },
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 16, outputTokens: 10 } },
    ]);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test('without money nothing is sent, and the connection says why', async () => {
    await using world = await openWorld('http', { defaultLimitUsd: '0' });
    const { bursar, provider } = world;
    const live = openResponses({ bursar, providerUrl: provider.url, version });
    live.connection.send({ ...create, stream_id: 'second' } as typeof create);
    expect(await live.next('error')).toMatchObject({
      code: 'limit_too_small',
      status: 402,
      stream_id: 'second',
      error: { type: 'bursar_denied', code: 'limit_too_small' },
    });
    expect(denialOf(live.errors[0])).toMatchObject({ reason: 'limit_too_small' });
    live.connection.close();
    expect(provider.calls).toHaveLength(0);
  });
});

test('an earlier answer counts as input, as long as it was reported', async () => {
  await using world = await openWorld('in-process');
  const { bursar, provider } = world;
  const held: number[] = [];
  const live = openResponses({
    bursar,
    providerUrl: provider.url,
    headers: { 'x-provider-output-tokens': '90' },
    options: {
      onDecision: (_call, decision) => {
        if (decision.decision === 'allowed') held.push(Number(decision.heldUsd) * 1e9);
      },
    },
  });
  live.connection.send(create);
  const { response } = await live.next('response.completed');
  const id = response?.id ?? '';
  live.connection.send({ ...create, previous_response_id: id });
  await live.next('response.completed');
  live.connection.close();
  const [first = 0, second = 0] = held;
  const field = JSON.stringify({ previous_response_id: id }).length - 1;
  expect(second - first).toBe((93 + field) * 150);
});

test('lanes are answered side by side, each by its own reservation', async () => {
  await using world = await openWorld('http');
  const { bursar, provider } = world;
  const live = openResponses({
    bursar,
    providerUrl: provider.url,
    headers: { ...TEN, 'x-provider-chunk-delay-ms': '1' },
  });
  const lanes = ['a', 'b', 'a', 'c'];
  lanes.forEach((lane, at) => {
    const input = Array.from({ length: at + 1 }, () => 'word').join(' ');
    live.connection.send({ ...create, input, stream_id: lane } as typeof create);
  });
  for (const _ of lanes) await live.next('response.completed');
  live.connection.close();
  const booked = await world.booked();
  const inputs = new Set(booked.map(({ usage }) => usage?.inputTokens));
  expect(inputs).toEqual(new Set([1, 2, 3, 4]));
  expect(booked.every(({ basis, kind }) => basis === 'reported' && kind === 'settle')).toBe(true);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('what the provider refuses is given back', async () => {
  await using world = await openWorld('http');
  const { bursar, provider } = world;
  const live = openResponses({ bursar, providerUrl: provider.url });
  live.connection.send({ ...create, previous_response_id: 'resp_unknown' });
  expect(await live.next('error')).toMatchObject({ status: 400 });
  live.connection.close();
  expect(await world.booked()).toMatchObject([{ kind: 'release' }]);
});

test('when the connection ends, what was heard until then is settled as counted', async () => {
  await using world = await openWorld('http');
  const { bursar, provider } = world;
  const live = openResponses({
    bursar,
    providerUrl: provider.url,
    headers: { ...TEN, 'x-provider-hang': '1' },
  });
  live.connection.send(create);
  for (let heard = 0; heard < 10; heard += 1) await live.next('response.output_text.delta');
  live.connection.close();
  await expect
    .poll(async () => await world.booked())
    .toMatchObject([{ kind: 'settle', basis: 'counted', usage: { outputTokens: 10 } }]);
});

test('what adds to an answer under way is not sent', async () => {
  await using world = await openWorld('http');
  const { bursar, provider } = world;
  const live = openResponses({ bursar, providerUrl: provider.url });
  live.connection.send({ type: 'response.steer', response_id: 'resp_1', input: 'more' } as never);
  expect(await live.next('error')).toMatchObject({ code: 'price_unknown' });
  live.connection.sendRaw('no JSON');
  expect(await live.next('error')).toMatchObject({ code: 'price_unknown' });
  live.connection.sendRaw(JSON.stringify(create));
  await live.next('response.completed');
  live.connection.close();
  expect(await world.booked()).toMatchObject([{ kind: 'settle' }]);
});
