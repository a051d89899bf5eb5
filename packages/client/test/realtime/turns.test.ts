/** Each answer on an open connection is a call of its own. */
import { describe, expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { openWorld, type World } from '../support/world.ts';
import {
  type Live,
  openRealtime,
  type Opening,
  saying,
  textOnly,
  VERSIONS,
} from '../support/live-connection.ts';

type Realtime = Awaited<ReturnType<typeof openRealtime>>;

async function open(world: World, opening: Partial<Opening> = {}): Promise<Realtime> {
  const { bursar, provider } = world;
  const live = await openRealtime({ bursar, providerUrl: provider.url, ...opening });
  live.connection.send(textOnly(200));
  await live.next('session.updated');
  return live;
}

async function turn({ connection, next }: Realtime, words = 3): Promise<void> {
  connection.send(saying(words));
  connection.send({ type: 'response.create' });
  await next('response.done');
}

describe.each(VERSIONS)('openai %i', (version) => {
  test('an answer is settled as reported, and the next one has it as its input', async () => {
    await using world = await openWorld('http');
    const live = await open(world, { version, headers: { 'x-provider-output-tokens': '20' } });
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
    const live = await open(world, { version });
    live.connection.send(saying(1));
    live.connection.send({ type: 'response.create', event_id: 'too_much', response: { max_output_tokens: 4_096 } });
    const told = await live.next('error');
    expect(told).toMatchObject({
      error: { type: 'bursar_denied', code: 'limit_too_small', event_id: 'too_much' },
    });
    expect(denialOf(live.errors[0])).toMatchObject({ reason: 'limit_too_small', decision: 'denied' });
    expect(world.provider.calls).toHaveLength(0);
    live.connection.send({ type: 'response.create', response: { max_output_tokens: 50 } });
    await live.next('response.done');
    expect(world.provider.calls).toHaveLength(1);
  });
});
