/** Each answer on an open connection is a call of its own: reserved before it is asked for, settled when it ends. */
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import {
  openNative,
  openRealtime,
  saying,
  textOnly,
  VERSIONS,
} from '../support/live-connection.ts';
import { openWorld } from '../support/world.ts';
import { openTextOnly, turn } from './text-session.ts';

const TWENTY = { 'x-provider-output-tokens': '20' };

describe.each(VERSIONS)('openai %i', (version) => {
  test('an answer is settled as reported, and the next one has it as its input', async () => {
    await using world = await openWorld('http');
    const live = await openTextOnly(world, { version, headers: TWENTY });
    await turn(live, 3);
    await turn(live, 4);
    expect(await world.booked()).toMatchObject([
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 3, outputTokens: 20 } },
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 27, outputTokens: 20 } },
    ]);
    expect(await world.reservedUsd()).toBe('0.00');
    expect(live.errors).toEqual([]);
  });

  test('what does not fit is not sent; the connection says why and stays open', async () => {
    await using world = await openWorld('http', { defaultLimitUsd: '0.01' });
    const live = await openTextOnly(world, { version });
    live.connection.send(saying(1));
    live.connection.send({
      type: 'response.create',
      event_id: 'too_much',
      response: { max_output_tokens: 4_096 },
    });
    expect(await live.next('error')).toMatchObject({
      error: { type: 'bursar_denied', code: 'limit_too_small', event_id: 'too_much' },
    });
    expect(denialOf(live.errors[0])).toMatchObject({
      reason: 'limit_too_small',
      decision: 'denied',
    });
    expect(world.provider.calls).toHaveLength(0);
    live.connection.send({ type: 'response.create', response: { max_output_tokens: 50 } });
    await live.next('response.done');
    expect(world.provider.calls).toHaveLength(1);
  });

  test('a connection by the runtime’s own WebSocket is metered like any other', async () => {
    await using world = await openWorld('http');
    const { bursar, provider } = world;
    const live = await openNative({ bursar, providerUrl: provider.url, version });
    live.connection.send(textOnly(10));
    live.connection.send(saying(3));
    live.connection.send({ type: 'response.create' });
    await live.next('response.done');
    live.connection.send({ type: 'response.create', response: { max_output_tokens: 4_000_000 } });
    await live.next('error');
    expect(denialOf(live.errors[0])).toMatchObject({ reason: 'limit_too_small' });
    live.connection.close();
    expect(await world.booked()).toMatchObject([
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 3, outputTokens: 10 } },
    ]);
  });

  test('speech is counted as such: sound out, and in the next turn sound in', async () => {
    await using world = await openWorld('http');
    const { bursar, provider } = world;
    const live = await openRealtime({
      bursar,
      providerUrl: provider.url,
      version,
      headers: { 'x-provider-output-tokens': '5', 'x-provider-cached-tokens': '4' },
    });
    await turn(live, 4);
    await turn(live, 1);
    expect(await world.booked()).toMatchObject([
      { usage: { cachedInputTokens: 4, outputTokens: 5, audioOutputTokens: 40 } },
      {
        usage: {
          cachedInputTokens: 4,
          inputTokens: 6,
          audioInputTokens: 40,
          audioOutputTokens: 40,
        },
      },
    ]);
  });
});

test('a turn sets aside what it may cost: the conversation so far, what is new, and its output', async () => {
  await using world = await openWorld('in-process');
  const held: number[] = [];
  const live = await openTextOnly(world, {
    headers: TWENTY,
    options: {
      onDecision: (_call, decision) => {
        if (decision.decision === 'allowed') held.push(Number(decision.heldUsd) * 1e9);
      },
    },
  });
  await turn(live, 3);
  await turn(live, 3);
  const [first = 0, second = 0] = held;
  // Two hundred tokens out at most.
  expect(first).toBeGreaterThan(200 * 16_000);
  // What was reported is known exactly: of the second turn only the new event is bound by its bytes.
  const event =
    JSON.stringify(saying(3)).length + JSON.stringify({ type: 'response.create' }).length;
  expect(second).toBe(200 * 16_000 + (3 + 20 + event) * 5_000);
});

test('what is sent while it is being decided about a turn leaves after it, in order', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, { headers: TWENTY });
  live.connection.send(saying(1));
  live.connection.send({ type: 'response.create' });
  live.connection.send(saying(2));
  live.connection.send({ type: 'input_audio_buffer.clear' });
  await live.next('response.done');
  await turn(live, 4);
  // Had the second item left first, the first answer had been to three words.
  expect(await world.booked()).toMatchObject([
    { usage: { inputTokens: 1 } },
    { usage: { inputTokens: 1 + 20 + 2 + 4 } },
  ]);
});

test('an answer apart from the conversation is sized by what it is given, and changes nothing of the rest', async () => {
  await using world = await openWorld('in-process');
  const held: number[] = [];
  const live = await openTextOnly(world, {
    headers: TWENTY,
    options: {
      onDecision: (_call, decision) => {
        if (decision.decision === 'allowed') held.push(Number(decision.heldUsd) * 1e9);
      },
    },
  });
  await turn(live, 500);
  live.connection.send({
    type: 'response.create',
    response: { conversation: 'none', input: [saying(1).item] },
  });
  await live.next('response.done');
  await turn(live, 1);
  const [first = 0, apart = 0, third = 0] = held;
  expect(apart).toBeLessThan(first - 200 * 5_000);
  expect(third).toBeGreaterThan(200 * 16_000 + 520 * 5_000);
});

test('each turn is spent on by the user and the scopes that the connection was wrapped for', async () => {
  await using world = await openWorld('in-process');
  const decided: string[] = [];
  const live = await openTextOnly(world, {
    options: {
      user: 'bob',
      scopes: { session: 'call-1' },
      onDecision: ({ user }) => decided.push(user),
    },
  });
  await turn(live);
  expect(decided).toEqual(['bob']);
  expect(await world.booked('bob')).toHaveLength(1);
});
