/**
 * Answers that the provider begins by itself because it heard somebody speak: their money is set aside before the
 * sound is sent.
 */
import { expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { ManualRuntime } from '../support/manual-runtime.ts';
import { openRealtime, type Opening } from '../support/live-connection.ts';
import { openWorld, type World } from '../support/world.ts';
import type { Realtime } from './text-session.ts';

/** 24,000 samples of 16 bits. */
const BYTES_PER_SECOND = 48_000;
const TEN = { 'x-provider-output-tokens': '10' };

async function open(
  { bursar, provider }: World,
  { cap = 500, ...opening }: Partial<Opening> & { readonly cap?: number } = {},
): Promise<Realtime> {
  const live = await openRealtime({
    bursar,
    providerUrl: provider.url,
    headers: TEN,
    ...opening,
  });
  live.connection.send({
    type: 'session.update',
    session: { type: 'realtime', max_output_tokens: cap },
  });
  await live.next('session.updated');
  return live;
}

function send({ connection }: Realtime, seconds: number, sample: 0 | 1): void {
  const audio = Buffer.alloc(seconds * BYTES_PER_SECOND, sample).toString('base64');
  connection.send({ type: 'input_audio_buffer.append', audio });
}

/** Speaks for `seconds`, and is silent for long enough to be answered. */
function speak(live: Realtime, seconds: number): void {
  for (let spoken = 0; spoken < seconds; spoken += 0.5) send(live, 0.5, 1);
  send(live, 0.5, 0);
}

test('speech is answered, and the answer settled as reported', async () => {
  await using world = await openWorld('http');
  const live = await open(world);
  speak(live, 2);
  await live.next('response.done');
  speak(live, 1);
  await live.next('response.done');
  live.connection.close();
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  const settled = (await world.booked()).filter(({ kind }) => kind === 'settle');
  expect(settled).toMatchObject([
    { basis: 'reported', usage: { audioInputTokens: 25, audioOutputTokens: 80, outputTokens: 10 } },
    { basis: 'reported', usage: { audioInputTokens: 25 + 80 + 15, inputTokens: 10 } },
  ]);
});

test('nobody is heard whose answer could not be paid', async () => {
  await using world = await openWorld('http', { defaultLimitUsd: '0.01' });
  const live = await open(world);
  speak(live, 0.5);
  await live.next('error');
  expect(denialOf(live.errors[0])).toMatchObject({ decision: 'denied', reason: 'limit_too_small' });
  // For a second of sound nothing more is said, nor asked; then it is.
  send(live, 0.5, 1);
  expect(live.errors).toHaveLength(1);
  send(live, 0.5, 1);
  await live.next('error');
  expect(live.errors).toHaveLength(2);
  expect(live.heard.map(({ type }) => type)).not.toContain('input_audio_buffer.speech_started');
  expect(world.provider.calls).toHaveLength(0);
});

test('room for an answer is kept once, and given back when it has been silent for half a minute', async () => {
  await using world = await openWorld('http');
  const runtime = new ManualRuntime();
  let decisions = 0;
  const live = await open(world, { runtime, options: { onDecision: () => void (decisions += 1) } });
  for (let seconds = 0; seconds < 5; seconds += 1) send(live, 1, 0);
  await expect.poll(() => runtime.timers).toBe(1);
  expect(decisions).toBe(1);
  const held = await world.reservedUsd();
  expect(Number(held)).toBeGreaterThan(0);
  send(live, 1, 0);
  runtime.advance(30_000);
  expect(await world.reservedUsd()).toBe(held);
  runtime.advance(30_000);
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  expect(await world.booked()).toMatchObject([{ kind: 'release' }]);
  // Whoever speaks again has room kept anew.
  speak(live, 1);
  await live.next('response.done');
  expect(decisions).toBe(2);
});

test('room is kept for a minute of sound, and then anew', async () => {
  await using world = await openWorld('http');
  let decisions = 0;
  const live = await open(world, { options: { onDecision: () => void (decisions += 1) } });
  send(live, 1, 1);
  await live.next('input_audio_buffer.speech_started');
  for (let seconds = 1; seconds < 60; seconds += 1) send(live, 1, 1);
  expect(decisions).toBe(1);
  for (let seconds = 0; seconds < 3; seconds += 1) send(live, 1, 1);
  await expect.poll(() => decisions).toBe(2);
  send(live, 0.5, 0);
  await live.next('response.done');
  live.connection.close();
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  expect((await world.booked()).map(({ kind }) => kind).toSorted()).toEqual(['release', 'settle']);
});

test('silence before somebody speaks takes no room', async () => {
  await using world = await openWorld('http');
  let decisions = 0;
  const live = await open(world, { options: { onDecision: () => void (decisions += 1) } });
  for (let seconds = 0; seconds < 50; seconds += 5) send(live, 5, 0);
  send(live, 1, 1);
  await live.next('input_audio_buffer.speech_started');
  for (let seconds = 0; seconds < 30; seconds += 5) send(live, 5, 1);
  send(live, 0.5, 0);
  await live.next('response.done');
  expect(decisions).toBe(1);
});

test('whoever only wants to be heard when they say so has nothing set aside for listening', async () => {
  await using world = await openWorld('http');
  let decisions = 0;
  const live = await open(world, { options: { onDecision: () => void (decisions += 1) } });
  live.connection.send({
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { turn_detection: null } } },
  });
  send(live, 1, 1);
  live.connection.send({ type: 'input_audio_buffer.commit' });
  await live.next('input_audio_buffer.committed');
  expect(decisions).toBe(0);
  live.connection.send({ type: 'response.create' });
  await live.next('response.done');
  expect(await world.booked()).toMatchObject([{ kind: 'settle', usage: { audioInputTokens: 10 } }]);
});

test('what is written down of what was heard is booked at the price of the model that wrote it', async () => {
  await using world = await openWorld('http');
  const live = await open(world);
  live.connection.send({
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } } },
  });
  await live.next('session.updated');
  speak(live, 1);
  await live.next('response.done');
  live.connection.close();
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  await expect
    .poll(async () => (await world.booked()).filter(({ kind }) => kind === 'settle'))
    .toContainEqual(
      expect.objectContaining({ basis: 'reported', usage: { audioInputMilliseconds: 1_500 } }),
    );
});
