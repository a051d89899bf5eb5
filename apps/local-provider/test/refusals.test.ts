import OpenAI from 'openai';
import { expect, test } from 'vitest';
import type { Provider } from '../src/index.ts';
import { openProvider, promptOf } from './open-provider.ts';

const BODY = { model: 'gpt-4o', messages: promptOf(1) };

function post(provider: Provider, path: string, body: string): Promise<Response> {
  const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };
  return fetch(`${provider.url}${path}`, { method: 'POST', headers, body });
}

test('the key must be the one that was configured', async () => {
  const { client, provider } = await openProvider({ apiKey: 'right' });
  await expect(client.chat.completions.create(BODY)).resolves.toBeDefined();
  const stranger = new OpenAI({ baseURL: provider.url, apiKey: 'wrong', maxRetries: 0 });
  await expect(stranger.chat.completions.create(BODY)).rejects.toMatchObject({
    status: 401,
    code: 'invalid_api_key',
    type: 'invalid_request_error',
  });
});

test('without a configured key any is accepted, but there must be one', async () => {
  const { provider } = await openProvider();
  const answer = await fetch(`${provider.url}/models`);
  expect(answer.status).toBe(401);
});

test('a model outside the families of OpenAI does not exist', async () => {
  const { client, provider } = await openProvider();
  const completion = client.chat.completions.create({ ...BODY, model: 'claude-9' });
  await expect(completion).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({
    model: 'claude-9',
    ending: 'errored',
    promptTokens: 0,
  });
});

test.each([
  ['/chat/completions', { messages: promptOf(1) }, 'model'],
  ['/chat/completions', { model: 'gpt-4o' }, 'messages'],
  ['/chat/completions', { ...BODY, n: 0 }, 'n'],
  ['/chat/completions', { ...BODY, max_tokens: 1.5 }, 'max_tokens'],
  ['/responses', { model: 'gpt-4o' }, 'input'],
  [
    '/responses',
    { model: 'gpt-4o', input: 'x', previous_response_id: 'no' },
    'previous_response_id',
  ],
  ['/embeddings', { model: 'text-embedding-3-small' }, 'input'],
  ['/embeddings', { model: 'text-embedding-3-small', input: [] }, 'input'],
])('%s with %j is refused, naming %s', async (path, body, param) => {
  const { provider } = await openProvider();
  const answer = await post(provider, path, JSON.stringify(body));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error', param } });
});

test.each(['{"model":', '[]', '', 'null'])(
  'a body that is no JSON object is refused: %j',
  async (body) => {
    const { provider } = await openProvider();
    const answer = await post(provider, '/chat/completions', body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { param: null, code: null } });
  },
);

test('a body beyond 10 MB is refused after it was read, and the connection survives', async () => {
  const { client } = await openProvider();
  const tooLong = [{ role: 'user' as const, content: 'w '.repeat(5.5 * 1024 * 1024) }];
  const completion = client.chat.completions.create({ ...BODY, messages: tooLong });
  await expect(completion).rejects.toMatchObject({ status: 413 });
  await expect(client.chat.completions.create(BODY)).resolves.toBeDefined();
});

test('an address without an endpoint is not found', async () => {
  const { client } = await openProvider();
  await expect(client.vectorStores.list()).rejects.toMatchObject({ status: 404 });
});

test('the models are listed', async () => {
  const { client } = await openProvider();
  const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
  expect(ids).toEqual(
    expect.arrayContaining(['gpt-4o', 'gpt-4o-2024-08-06', 'text-embedding-3-large']),
  );
});
