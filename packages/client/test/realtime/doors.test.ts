/** There is no way past the meter: every event that the package can send is metered, free, or not sent. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { wrapRealtime } from '../../src/realtime/index.ts';
import { RealtimeProtocol } from '../../src/realtime/realtime-protocol.ts';
import { openWorld } from '../support/world.ts';
import { openTextOnly } from './text-session.ts';

/** What a client can say, by the package's own types. */
function clientEvents(name: 'openai' | 'openai-6'): readonly string[] {
  const types = fileURLToPath(
    new URL('resources/realtime/realtime.d.ts', import.meta.resolve(name)),
  );
  const source = readFileSync(types, 'utf8');
  const [, union = ''] = /export type RealtimeClientEvent = ([^;]+);/.exec(source) ?? [];
  return union.split('|').map((member) => {
    const declaration = new RegExp(
      `export interface ${member.trim()} \\{[^]*?\\n {4}type: '([^']+)'`,
    );
    return declaration.exec(source)?.[1] ?? member;
  });
}

describe.each(['openai', 'openai-6'] as const)('%s', (name) => {
  test.each(clientEvents(name))('%s is decided about', (type) => {
    const rule = new RealtimeProtocol('gpt-realtime').ruleFor({ type });
    const kind =
      { 'response.create': 'turn', 'input_audio_buffer.append': 'sound' }[type] ?? 'free';
    expect(rule.kind).toBe(kind);
  });
});

test('what nobody knows the price of is not sent, and with `allow` it is', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world);
  live.connection.send({ type: 'response.invent' } as never);
  expect(await live.next('error')).toMatchObject({
    error: { type: 'bursar_error', code: 'price_unknown' },
  });
  const lenient = await openTextOnly(world, { options: { unmeteredRoutes: 'allow' } });
  lenient.connection.send({ type: 'response.invent' } as never);
  expect(await lenient.next('error')).toMatchObject({ error: { code: 'invalid_value' } });
});

test('an answer that the provider begins out of nowhere is reserved when it is noticed', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world, { headers: { 'x-provider-output-tokens': '10' } });
  // Past the meter, as a second party to the same call would.
  live.connection.socket.send(JSON.stringify({ type: 'response.create' }));
  await live.next('response.done');
  await expect
    .poll(async () => await world.booked())
    .toMatchObject([{ kind: 'settle', basis: 'reported', usage: { outputTokens: 10 } }]);
  expect(await world.reservedUsd()).toBe('0.00');
});

test('one that may not go on is ended, and what it said is charged all the same', async () => {
  await using world = await openWorld('http', { defaultLimitUsd: '0.000001' });
  const live = await openTextOnly(world, {
    headers: { 'x-provider-output-tokens': '10', 'x-provider-hang': '1' },
  });
  live.connection.socket.send(JSON.stringify({ type: 'response.create' }));
  expect(await live.next('error')).toMatchObject({ error: { type: 'bursar_denied' } });
  expect(await live.next('response.done')).toMatchObject({ response: { status: 'cancelled' } });
  const [call] = world.provider.calls;
  await expect
    .poll(async () => await world.booked())
    .toMatchObject([
      { kind: 'settle', basis: 'reported', usage: { outputTokens: call?.outputTokens } },
    ]);
});

test('when Bursar is away nothing is sent', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world);
  await world.bursar.close();
  live.connection.send({ type: 'response.create' });
  expect(await live.next('error')).toMatchObject({
    error: { type: 'bursar_error', code: 'connection_closed' },
  });
  expect(world.provider.calls).toHaveLength(0);
});

test('a connection is metered once, and only one of the openai package', async () => {
  await using world = await openWorld('http');
  const live = await openTextOnly(world);
  const options = { user: 'alice' };
  expect(() => wrapRealtime(world.bursar, live.connection, options)).toThrow(/metered already/);
  const other = { url: new URL('wss://localhost/v1/realtime'), socket: {}, send: () => {} };
  expect(() => wrapRealtime(world.bursar, other, options)).toThrow(/of the openai package/);
  expect(() => wrapRealtime(world.bursar, other, { user: '' })).toThrow(/user/);
});

test('a metered connection has the type that it had', () => {
  type Wrapped = ReturnType<typeof wrapRealtime<OpenAIRealtimeWS>>;
  expectTypeOf<Wrapped>().toEqualTypeOf<OpenAIRealtimeWS>();
});
