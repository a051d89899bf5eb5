/**
 * F12: every door is guarded. Each route that the openai package can call, for a user without any credit: denied, or
 * on the written list of those that are free.
 */
import { denialOf, isDenied } from '../../src/denial.ts';
import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { openRealtime, openResponses } from '../support/live-connection.ts';
import { routesOfOpenAi } from '../support/routes-of-openai.ts';
import { MODEL, openWorld, prompt } from '../support/world.ts';

/** Nothing of these is charged for: they read, write or cancel, and no model works that costs anything. */
const FREE: readonly string[] = [
  '/batches/id/cancel',
  '/chat/completions/id',
  '/conversations',
  '/conversations/id',
  '/conversations/id/items',
  '/files',
  '/fine_tuning/jobs/id/cancel',
  '/moderations',
  '/responses/id/cancel',
  '/responses/input_tokens',
  '/uploads',
  '/uploads/id/cancel',
  '/uploads/id/complete',
  '/uploads/id/parts',
];

const routes = routesOfOpenAi().map((route) => route.replace('POST ', ''));
const body = JSON.stringify({ model: MODEL, input: 'hi', messages: [prompt(1)] });

test('F12: the routes of images, audio, batches, files and realtime sessions are among those that are looked at', () => {
  for (const path of ['/images/generations', '/audio/speech', '/batches', '/files']) {
    expect(routes).toContain(path);
  }
  expect(routes.some((path) => path.startsWith('/realtime/'))).toBe(true);
});

test.each(routes)('F12: POST %s without credit is denied, or on the list', async (path) => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  let passed = 0;
  const metered = world.bursar.fetch({ user: 'alice' }, async () => {
    passed += 1;
    return new Response('{}');
  });
  const answer = await metered(`https://api.openai.com/v1${path}`, { method: 'POST', body });
  const isFree = FREE.includes(path);
  expect(passed).toBe(isFree ? 1 : 0);
  // Denied for want of credit, or refused because nobody knows what it costs.
  expect(isFree ? [200] : [402, 412]).toContain(answer.status);
  expect(await world.booked()).toHaveLength(0);
});

const METHODS: Readonly<Record<string, (openai: OpenAI) => Promise<unknown>>> = {
  'chat.completions.create': (openai) =>
    openai.chat.completions.create({ model: MODEL, messages: [prompt(1)] }),
  'chat.completions.parse': (openai) =>
    openai.chat.completions.parse({ model: MODEL, messages: [prompt(1)] }),
  'chat.completions.stream': (openai) =>
    openai.chat.completions.stream({ model: MODEL, messages: [prompt(1)] }).done(),
  'responses.create': (openai) => openai.responses.create({ model: MODEL, input: 'hi' }),
  'responses.parse': (openai) => openai.responses.parse({ model: MODEL, input: 'hi' }),
  'responses.stream': (openai) =>
    openai.responses.stream({ model: MODEL, input: 'hi' }).finalResponse(),
  'completions.create': (openai) =>
    openai.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'hi' }),
  'images.generate': (openai) => openai.images.generate({ model: 'gpt-image-1', prompt: 'hi' }),
  'images.edit': (openai) =>
    openai.images.edit({ model: 'gpt-image-1', prompt: 'hi', image: new File(['x'], 'x.png') }),
  'audio.speech.create': (openai) =>
    openai.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'hi' }),
  'audio.transcriptions.create': (openai) =>
    openai.audio.transcriptions.create({
      model: 'gpt-4o-transcribe',
      file: new File(['x'], 'x.mp3'),
    }),
  'a response in the background': (openai) =>
    openai.responses.create({ model: MODEL, input: 'hi', background: true }),
  'embeddings.create': (openai) =>
    openai.embeddings.create({ model: 'text-embedding-3-small', input: 'hi' }),
  'post, for anything': (openai) => openai.post('/chat/completions', { body: JSON.parse(body) }),
};

describe('F12: every wrapped method without credit is denied', () => {
  test.each(Object.entries(METHODS))('%s', async (_name, call) => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const error: unknown = await call(world.openai()).catch((thrown: unknown) => thrown);
    expect(isDenied(error)).toBe(true);
    expect(world.provider.calls).toHaveLength(0);
  });
});

describe('F12: every connection that stays open is denied without credit, turn by turn', () => {
  test('realtime: turns that are asked for, and sound that may be answered', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const live = await openRealtime({ bursar: world.bursar, providerUrl: world.provider.url });
    live.connection.send({ type: 'response.create' });
    await live.next('error');
    live.connection.send({ type: 'input_audio_buffer.append', audio: 'AAAA' });
    await live.next('error');
    expect(live.errors.map((error) => denialOf(error)?.decision)).toEqual(['denied', 'denied']);
    live.connection.close();
    expect(world.provider.calls).toHaveLength(0);
  });

  test('responses', async () => {
    await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
    const live = openResponses({ bursar: world.bursar, providerUrl: world.provider.url });
    live.connection.send({ type: 'response.create', model: MODEL, input: 'hi' });
    await live.next('error');
    expect(denialOf(live.errors[0])?.decision).toBe('denied');
    live.connection.close();
    expect(world.provider.calls).toHaveLength(0);
  });
});
