/** F04: every route of the openai package has a decision, and none is free by accident. */
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { routeOf } from '../../src/openai/openai-routes.ts';
import { routesOfOpenAi } from '../support/routes-of-openai.ts';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const ROOT = 'https://api.openai.com/v1';

test('exactly these routes of the package are metered or free; a new one is refused until it is decided', () => {
  const routes = routesOfOpenAi();
  expect(routes.length).toBeGreaterThan(80);
  const decided = (decision: string): string[] =>
    routes.filter((path) => routeOf('POST', ROOT + path) === decision);
  expect(decided('chat')).toEqual(['/chat/completions']);
  expect(decided('responses')).toEqual(['/responses']);
  expect(decided('embeddings')).toEqual(['/embeddings']);
  expect(decided('free')).toEqual([
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
  ]);
});

test.each([
  ['GET', '/responses/resp_1', 'free'],
  ['DELETE', '/files/file_1', 'free'],
  ['POST', '/chat/completions/', 'chat'],
  ['POST', '/chat/completions?api-version=1', 'chat'],
  ['POST', '/completions', 'unknown'],
  ['POST', '/images/generations', 'unknown'],
  ['POST', '/responses/compact', 'unknown'],
  ['POST', '/containers/c_1/files', 'unknown'],
  ['POST', '/vector_stores/v_1/files', 'unknown'],
  ['PATCH', '/chat/completions', 'unknown'],
  // What is sent is `/v1/images/generations`.
  ['POST', '/files/../images/generations', 'unknown'],
] as const)('%s %s is %s', (method, path, route) => {
  expect(routeOf(method, ROOT + path)).toBe(route);
});

test('metered routes are metered below any root', () => {
  expect(routeOf('POST', 'https://api.deepseek.com/chat/completions')).toBe('chat');
  expect(routeOf('POST', 'https://x.azure.com/openai/deployments/d/embeddings')).toBe('embeddings');
  expect(routeOf('POST', 'https://other.example/api/paid/files')).toBe('unknown');
});

describe('a request that nobody can price', () => {
  const CALLS: Record<string, (openai: OpenAI) => Promise<unknown>> = {
    'images.generate': (openai) =>
      openai.images.generate({ prompt: 'a cat', model: 'gpt-image-1' }),
    'audio.speech': (openai) =>
      openai.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hi' }),
    completions: (openai) => openai.completions.create({ model: 'davinci-002', prompt: 'hi' }),
    'batches.create': (openai) =>
      openai.batches.create({
        input_file_id: 'file_1',
        endpoint: '/v1/chat/completions',
        completion_window: '24h',
      }),
    'a background response': (openai) =>
      openai.responses.create({ model: MODEL, input: 'hi', background: true }),
  };

  test.each(Object.entries(CALLS))('%s is not sent', async (_name, call) => {
    await using world = await openWorld('in-process');
    await expect(call(world.openai({}, { maxRetries: 5 }))).rejects.toMatchObject({
      status: 412,
      code: 'price_unknown',
      type: 'bursar_error',
    });
    expect(world.provider.calls).toHaveLength(0);
  });

  test.each(Object.entries(CALLS))(
    "%s is sent unmetered with unmeteredRoutes: 'allow'",
    async (_name, call) => {
      await using world = await openWorld('in-process');
      await call(world.openai({ unmeteredRoutes: 'allow' })).catch(() => {});
      expect(world.provider.calls).toHaveLength(1);
      expect(await world.booked()).toHaveLength(0);
    },
  );
});

test('free routes are sent and not metered', async () => {
  await using world = await openWorld('in-process', { defaultLimitUsd: '0' });
  const models = await world.openai().models.list();
  expect(models.data.length).toBeGreaterThan(0);
});

test.each([
  ['no JSON', 'model=gpt-4o'],
  ['no object', '[]'],
  ['no model', JSON.stringify({ messages: [prompt(1)] })],
])('a metered request with %s is refused, because it cannot be priced', async (_name, body) => {
  await using world = await openWorld('in-process');
  const answer = await world.bursar.fetch({ user: 'alice' })(
    `${world.provider.url}/chat/completions`,
    {
      method: 'POST',
      body,
    },
  );
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    error: { code: 'input_invalid', type: 'bursar_error' },
  });
  expect(world.provider.calls).toHaveLength(0);
});

test('a form on a metered route is refused', async () => {
  await using world = await openWorld('in-process');
  const answer = await world.bursar.fetch({ user: 'alice' })(`${world.provider.url}/responses`, {
    method: 'POST',
    body: new FormData(),
  });
  expect(answer.status).toBe(400);
});
