/** Realtime sessions and responses over a WebSocket, by the real openai package. */
import { connect } from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { expect, onTestFinished, test } from 'vitest';
import { openProvider } from './open-provider.ts';

/** A session, once it is open. */
async function openSession(headers: Record<string, string> = {}, apiKey = 'any-key') {
  const { provider } = await openProvider({ apiKey: 'any-key' });
  const { port, hostname } = new URL(provider.url);
  const session = new OpenAIRealtimeWS(
    {
      model: 'gpt-realtime',
      // The package speaks TLS to anything else.
      options: { headers, createConnection: () => connect(Number(port), hostname) },
    },
    new OpenAI({ apiKey, baseURL: provider.url }),
  );
  onTestFinished(() => session.close());
  return { provider, session };
}

test('a turn in text: the events in order, its usage, its record', async () => {
  const { provider, session } = await openSession({ 'x-provider-output-tokens': '2' });
  const types: string[] = [];
  session.on('event', ({ type }) => types.push(type));
  await session.emitted('session.created');
  session.send({
    type: 'session.update',
    session: { type: 'realtime', output_modalities: ['text'] },
  });
  session.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a b c' }] },
  });
  session.send({ type: 'response.create' });
  const { response } = await session.emitted('response.done');
  expect(types).toEqual([
    'session.created',
    'session.updated',
    'conversation.item.added',
    'conversation.item.done',
    'response.created',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.done',
  ]);
  expect(response).toMatchObject({
    status: 'completed',
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  });
  expect(provider.calls).toMatchObject([
    {
      path: '/v1/realtime',
      model: 'gpt-realtime',
      promptTokens: 3,
      outputTokens: 2,
      ending: 'completed',
    },
  ]);
});

test('speech is answered in speech, once it has ended', async () => {
  const { session } = await openSession({ 'x-provider-output-tokens': '3' });
  await session.emitted('session.created');
  const append = (seconds: number, sample: number): void => {
    const audio = Buffer.alloc(seconds * 48_000, sample).toString('base64');
    session.send({ type: 'input_audio_buffer.append', audio });
  };
  append(1, 7);
  await session.emitted('input_audio_buffer.speech_started');
  append(0.5, 0);
  const { response } = await session.emitted('response.done');
  expect(response.usage).toMatchObject({
    input_token_details: { text_tokens: 0, audio_tokens: 15 },
    output_token_details: { text_tokens: 3, audio_tokens: 24 },
  });
});

test('a second answer at once is refused, and names what asked for it', async () => {
  const { session } = await openSession({ 'x-provider-hang': '1' });
  const refused = new Promise((resolve) => void session.on('error', resolve));
  await session.emitted('session.created');
  session.send({ type: 'response.create' });
  session.send({ type: 'response.create', event_id: 'second' });
  expect(await refused).toMatchObject({
    error: { code: 'conversation_already_has_active_response', event_id: 'second' },
  });
});

test('another key is not let in', async () => {
  const { session, provider } = await openSession({}, 'another');
  const error = await new Promise((resolve) => void session.on('error', resolve));
  expect(String(error)).toContain('401');
  expect(provider.calls).toEqual([]);
});

test('responses answer in their lanes, and continue earlier ones', async () => {
  const { client, provider } = await openProvider();
  const connection = new ResponsesWS(client, { headers: { 'x-provider-output-tokens': '4' } });
  onTestFinished(() => connection.close());
  connection.send({ type: 'response.create', model: 'gpt-4o', input: 'a b', stream_id: 'x' });
  const first = await connection.emitted('response.completed');
  expect(first).toMatchObject({ stream_id: 'x', response: { usage: { input_tokens: 2 } } });
  connection.send({
    type: 'response.create',
    model: 'gpt-4o',
    input: 'c',
    previous_response_id: first.response.id,
  });
  const second = await connection.emitted('response.completed');
  expect(second.response.usage).toMatchObject({ input_tokens: 7, output_tokens: 4 });
  expect(provider.calls.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses']);
});
