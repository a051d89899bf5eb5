/** Sessions that only write down what they hear: each piece of sound that is committed is a call of its own. */
import { expect, test } from 'vitest';
import { denialOf } from '../../src/index.ts';
import { openRealtime, type Opening } from '../support/live-connection.ts';
import { openWorld, type World } from '../support/world.ts';
import type { Realtime } from './text-session.ts';

const COMPLETED = 'conversation.item.input_audio_transcription.completed';

async function open(
  { bursar, provider }: World,
  model: string | null,
  opening: Partial<Opening> = {},
): Promise<Realtime> {
  const to = { bursar, providerUrl: provider.url, isTranscription: true };
  const live = await openRealtime({ ...to, ...opening });
  if (model !== null) {
    const input = { transcription: { model }, turn_detection: null };
    live.connection.send({
      type: 'session.update',
      session: { type: 'transcription', audio: { input } },
    });
    await live.next('session.updated');
  }
  return live;
}

function append({ connection }: Realtime, seconds: number, sample: 0 | 1 = 1): void {
  const audio = Buffer.alloc(seconds * 48_000, sample).toString('base64');
  connection.send({ type: 'input_audio_buffer.append', audio });
}

async function say(live: Realtime, seconds: number): Promise<void> {
  append(live, seconds);
  live.connection.send({ type: 'input_audio_buffer.commit' });
  await live.next(COMPLETED);
}

test.each([
  ['gpt-4o-transcribe', { audioInputTokens: 20, outputTokens: 1 }],
  ['whisper-1', { audioInputMilliseconds: 2_000 }],
])('%s is settled as reported', async (model, usage) => {
  await using world = await openWorld('http');
  const held: number[] = [];
  const live = await open(world, model, {
    options: {
      onDecision: (_call, decision) => {
        if (decision.decision === 'allowed') held.push(Number(decision.heldUsd));
      },
    },
  });
  await say(live, 2);
  await say(live, 2);
  live.connection.close();
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  const settled = (await world.booked()).filter(({ kind }) => kind === 'settle');
  expect(settled).toMatchObject([
    { basis: 'reported', usage },
    { basis: 'reported', usage },
  ]);
  // A minute's room for each piece of sound.
  expect(held).toHaveLength(2);
  if (model === 'whisper-1') expect(held[0]).toBeCloseTo(0.0062, 9);
});

test('nothing is heard that could not be paid', async () => {
  await using world = await openWorld('http', { defaultLimitUsd: '0.001' });
  const live = await open(world, 'whisper-1');
  append(live, 1);
  await live.next('error');
  expect(denialOf(live.errors[0])).toMatchObject({ reason: 'limit_too_small' });
  live.connection.close();
  expect(world.provider.calls).toHaveLength(0);
});

test('whoever leaves it to the provider when somebody speaks pays for no silence', async () => {
  await using world = await openWorld('http');
  let decisions = 0;
  const options = { onDecision: (): void => void (decisions += 1) };
  const live = await open(world, 'whisper-1', { options });
  live.connection.send({
    type: 'session.update',
    session: {
      type: 'transcription',
      audio: { input: { turn_detection: { type: 'server_vad' } } },
    },
  });
  await live.next('session.updated');
  for (let seconds = 0; seconds < 50; seconds += 5) append(live, 5, 0);
  append(live, 1);
  await live.next('input_audio_buffer.speech_started');
  append(live, 30);
  append(live, 0.5, 0);
  await live.next(COMPLETED);
  expect(decisions).toBe(1);
  live.connection.close();
  await expect
    .poll(async () => await world.booked())
    .toMatchObject([{ kind: 'settle', usage: { audioInputMilliseconds: 31_800 } }]);
});

test('before it is said which model writes it down nothing is heard', async () => {
  await using world = await openWorld('http');
  const live = await open(world, null);
  append(live, 1);
  expect(await live.next('error')).toMatchObject({ error: { code: 'input_invalid' } });
  live.connection.close();
});

test('without a report it is settled by the sound that was committed', async () => {
  await using world = await openWorld('http');
  const live = await open(world, 'whisper-1', { headers: { 'x-provider-no-usage': '1' } });
  await say(live, 3);
  live.connection.close();
  await expect
    .poll(async () => await world.booked())
    .toMatchObject([
      { kind: 'settle', basis: 'estimated', usage: { audioInputMilliseconds: 3_000 } },
    ]);
});

test('what is not written down when the connection ends is settled by the sound, and the rest given back', async () => {
  await using world = await openWorld('http');
  const live = await open(world, 'whisper-1', { headers: { 'x-provider-hang': '1' } });
  append(live, 2);
  live.connection.send({ type: 'input_audio_buffer.commit' });
  await live.next('input_audio_buffer.committed');
  append(live, 5);
  live.connection.close();
  await expect.poll(async () => await world.reservedUsd()).toBe('0.00');
  expect((await world.booked()).filter(({ kind }) => kind === 'settle')).toMatchObject([
    { kind: 'settle', basis: 'estimated', usage: { audioInputMilliseconds: 2_000 } },
  ]);
});

test('answers are no business of such a session', async () => {
  await using world = await openWorld('http');
  const live = await open(world, 'whisper-1');
  live.connection.send({ type: 'response.create' });
  expect(await live.next('error')).toMatchObject({ error: { code: 'price_unknown' } });
  live.connection.close();
});
