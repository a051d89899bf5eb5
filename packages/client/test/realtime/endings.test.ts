/** However an answer on a connection ends, its reservation does: settled as reported or as counted, or released. */
import { describe, expect, test } from 'vitest';
import { openResponses, saying, textOnly, VERSIONS } from '../support/live-connection.ts';
import { MODEL, openWorld } from '../support/world.ts';
import { openTextOnly, turn } from './text-session.ts';

test('an answer that is cancelled is settled as reported so far', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '10', 'x-provider-hang': '1' },
  });
  live.connection.send(saying(2));
  live.connection.send({ type: 'response.create' });
  await live.next('response.output_text.delta');
  live.connection.send({ type: 'response.cancel' });
  expect(await live.next('response.done')).toMatchObject({ response: { status: 'cancelled' } });
  const [call] = world.provider.calls;
  expect(await world.booked()).toMatchObject([
    {
      kind: 'settle',
      basis: 'reported',
      usage: { inputTokens: 2, outputTokens: call?.outputTokens },
    },
  ]);
});

test('an answer that fails before it has said anything is given back', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, { headers: { 'x-provider-status': '500' } });
  await turn(live);
  expect(await world.booked()).toMatchObject([{ kind: 'release' }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('an answer without a report is settled as counted', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '12', 'x-provider-no-usage': '1' },
  });
  await turn(live, 4);
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', basis: 'counted', usage: { outputTokens: 12 } },
  ]);
});

test('what the provider refuses is given back, and the answer under way is not touched', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '5', 'x-provider-hang': '1' },
  });
  live.connection.send(saying(1));
  live.connection.send({ type: 'response.create' });
  await live.next('response.created');
  live.connection.send({ type: 'response.create' });
  expect(await live.next('error')).toMatchObject({
    error: { code: 'conversation_already_has_active_response' },
  });
  live.connection.send({ type: 'response.cancel' });
  await live.next('response.done');
  const booked = await world.booked();
  expect(booked.map(({ kind }) => kind).toSorted()).toEqual(['release', 'settle']);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('what the provider refuses besides a turn leaves the turn as it is', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '5', 'x-provider-delay-ms': '50' },
  });
  live.connection.send(saying(1));
  live.connection.send({ type: 'response.create' });
  // Before the answer has begun.
  live.connection.send({ type: 'conversation.item.retrieve', item_id: 'unknown' });
  await live.next('error');
  await live.next('response.done');
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', basis: 'reported', usage: { outputTokens: 5 } },
  ]);
  expect(world.provider.calls).toHaveLength(1);
});

test('when the provider hangs up, what was heard until then is settled as counted', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '50', 'x-provider-cut-after': '7' },
  });
  const closed = new Promise((resolve) => void live.connection.socket.once('close', resolve));
  live.connection.send(saying(4));
  live.connection.send({ type: 'response.create' });
  await closed;
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', basis: 'counted', usage: { outputTokens: 7 } },
  ]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('when the caller hangs up, what was heard until then is settled as counted', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '9', 'x-provider-hang': '1' },
  });
  const closed = new Promise((resolve) => void live.connection.socket.once('close', resolve));
  live.connection.send(saying(4));
  live.connection.send({ type: 'response.create' });
  for (let heard = 0; heard < 9; heard += 1) await live.next('response.output_text.delta');
  live.connection.close();
  await closed;
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', basis: 'counted', usage: { outputTokens: 9 } },
  ]);
});

test('a connection that is closed while it is being decided about a turn owes nothing', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world);
  const closed = new Promise((resolve) => void live.connection.socket.once('close', resolve));
  live.connection.send(saying(4));
  live.connection.send({ type: 'response.create' });
  live.connection.socket.terminate();
  await closed;
  // The decision may still be on its way.
  await expect
    .poll(async () => (await world.booked()).map(({ kind }) => kind))
    .toEqual(['release']);
  expect(world.provider.calls).toHaveLength(0);
});

test('an answer that outgrows what is set aside is ended when it is to be, and charged for what it said', async () => {
  await using world = await openWorld('http', { defaultLimitUsd: '0.012' });
  const live = await openTextOnly(world, {
    // Ignores the cap.
    headers: { 'x-provider-overrun': '2000', 'x-provider-chunk-delay-ms': '1' },
    options: { onExhausted: 'stop' },
  });
  live.connection.send(saying(1));
  live.connection.send({ type: 'response.create' });
  expect(await live.next('error')).toMatchObject({ error: { type: 'bursar_denied' } });
  expect(await live.next('response.done')).toMatchObject({ response: { status: 'cancelled' } });
  const [call] = world.provider.calls;
  expect(call?.outputTokens).toBeLessThan(2_000);
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', usage: { outputTokens: call?.outputTokens } },
  ]);
});

describe('a connection that is made anew', () => {
  test('of the realtime API is a new session, whose turns are metered from its beginning', async () => {
    await using world = await openWorld('http');
    const live = await openTextOnly(world, {
      reconnects: true,
      headers: { 'x-provider-output-tokens': '30', 'x-provider-cut-after': '20' },
    });
    const reconnected = live.connection.emitted('reconnected');
    live.connection.send(saying(4));
    live.connection.send({ type: 'response.create' });
    await reconnected;
    await live.next('session.created');
    live.connection.send(textOnly(10));
    await turn(live, 2);
    live.connection.close();
    expect(await world.booked()).toMatchObject([
      { kind: 'settle', basis: 'counted', usage: { outputTokens: 20 } },
      { kind: 'settle', basis: 'reported', usage: { inputTokens: 2, outputTokens: 10 } },
    ]);
    expect(await world.reservedUsd()).toBe('0.00');
  });

  test.each(VERSIONS)(
    'for responses is sent what was said meanwhile, metered (openai %i)',
    async (version) => {
      await using world = await openWorld('http');
      const { bursar, provider } = world;
      const live = openResponses({
        bursar,
        providerUrl: provider.url,
        version,
        reconnects: true,
        headers: { 'x-provider-output-tokens': '30', 'x-provider-cut-after': '20' },
      });
      const create = { type: 'response.create', model: MODEL, input: 'one two' } as const;
      live.connection.on('reconnecting', () => {
        live.connection.send({ ...create, max_output_tokens: 10 });
      });
      live.connection.send({ ...create, max_output_tokens: 100 });
      await live.next(({ type }) => type === 'response.incomplete');
      live.connection.close();
      expect(await world.booked()).toMatchObject([
        { kind: 'settle', basis: 'counted', usage: { outputTokens: 20 } },
        { kind: 'settle', basis: 'reported', usage: { inputTokens: 2, outputTokens: 10 } },
      ]);
      expect(await world.reservedUsd()).toBe('0.00');
    },
  );
});
