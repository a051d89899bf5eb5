/** F04: every route of the openai package has a decision, and none is free by accident. */
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { routeOf } from '../../src/openai/openai-routes.ts';
import { whyRefused } from '../../src/openai/refused-routes.ts';
import { OPENAI_PACKAGES, routesOfOpenAi } from '../support/routes-of-openai.ts';
import { openWorld, prompt } from '../support/world.ts';

const ROOT = 'https://api.openai.com/v1';

/** What is done with a route, in one word; the reason where it is refused. */
function decisionOn(route: string): string {
  const [method = '', path = ''] = route.split(' ');
  const decision = routeOf(method, ROOT + path);
  switch (decision.kind) {
    case 'metered':
      return decision.route;
    case 'refused':
      return whyRefused(ROOT + path);
    default:
      return decision.kind;
  }
}

describe.each(OPENAI_PACKAGES)('of the routes of %s', (name) => {
  const routes = routesOfOpenAi(name);
  const decided = (decision: string): string[] =>
    routes.filter((route) => decisionOn(route) === decision);

  test('none is without a decision', () => {
    expect(routes.length).toBeGreaterThan(100);
    expect(decided('undecided')).toEqual([]);
  });

  test('exactly these are metered', () => {
    expect(decided('chat')).toEqual(['POST /chat/completions']);
    expect(decided('completions')).toEqual(['POST /completions']);
    expect(decided('responses')).toEqual(['POST /responses']);
    expect(decided('compact')).toEqual(['POST /responses/compact']);
    expect(decided('embeddings')).toEqual(['POST /embeddings']);
    expect(decided('images')).toEqual([
      'POST /images/edits',
      'POST /images/generations',
      'POST /images/variations',
    ]);
    expect(decided('speech')).toEqual(['POST /audio/speech']);
    expect(decided('batch')).toEqual(['POST /batches']);
    expect(decided('transcription')).toEqual([
      'POST /audio/transcriptions',
      'POST /audio/translations',
    ]);
  });

  test('exactly these are free', () => {
    expect([...decided('free'), ...decided('follow'), ...decided('jobs')]).toEqual([
      'POST /chat/completions/id',
      'POST /conversations',
      'POST /conversations/id',
      'POST /conversations/id/items',
      'POST /files',
      'POST /fine_tuning/jobs/id/cancel',
      'POST /moderations',
      'POST /responses/input_tokens',
      'POST /uploads',
      'POST /uploads/id/cancel',
      'POST /uploads/id/complete',
      'POST /uploads/id/parts',
      'POST /responses/id/cancel',
      'POST /batches/id/cancel',
    ]);
  });
});

test.each([
  ['GET', '/responses/resp_1', 'follow'],
  ['GET', '/responses/resp_1/input_items', 'free'],
  ['GET', '/batches', 'jobs'],
  ['GET', '/batches/batch_1', 'jobs'],
  ['GET', '/files/file_1/content', 'free'],
  ['DELETE', '/responses/resp_1', 'free'],
  ['DELETE', '/files/file_1', 'free'],
  ['POST', '/chat/completions/', 'chat'],
  ['POST', '/chat/completions?api-version=1', 'chat'],
] as const)('%s %s is %s', (method, path, decision) => {
  expect(decisionOn(`${method} ${path}`)).toBe(decision);
});

test.each([
  ['POST', '/audio/voices', 'by_piece'],
  ['POST', '/fine_tuning/jobs', 'later'],
  ['POST', '/containers/c_1/files', 'by_time'],
  ['POST', '/vector_stores/v_1/files', 'by_time'],
  ['POST', '/organization/users/u_1', 'administration'],
  ['PATCH', '/chat/completions', 'undecided'],
  ['POST', '/what/comes/next', 'undecided'],
  // What is sent is `/v1/audio/voices`.
  ['POST', '/files/../audio/voices', 'by_piece'],
] as const)('%s %s is refused: %s', (method, path, reason) => {
  expect(routeOf(method, ROOT + path)).toEqual({ kind: 'refused' });
  expect(whyRefused(ROOT + path)).toBe(reason);
});

test.each([
  'https://api.openai.com/v1',
  'https://generativelanguage.googleapis.com/v1beta/openai',
  'https://x.openai.azure.com/openai/v1',
  'https://x.openai.azure.com/openai',
])('below %s every route is what it is below /v1', (root) => {
  for (const route of routesOfOpenAi()) {
    const [method = '', path = ''] = route.split(' ');
    expect(routeOf(method, root + path), route).toEqual(routeOf(method, ROOT + path));
  }
});

test('metered routes are metered below any root', () => {
  expect(routeOf('POST', 'https://api.deepseek.com/chat/completions')).toMatchObject({
    route: 'chat',
  });
  expect(routeOf('POST', 'https://x.azure.com/openai/deployments/d/embeddings')).toMatchObject({
    route: 'embeddings',
  });
  expect(routeOf('POST', 'https://other.example/api/paid/files').kind).toBe('refused');
});

describe('a request that nobody can price', () => {
  const CALLS: Record<string, (openai: OpenAI) => Promise<unknown>> = {
    'fineTuning.jobs.create': (openai) =>
      openai.fineTuning.jobs.create({ model: 'gpt-4o-mini', training_file: 'file_1' }),
    'videos.create': (openai) => openai.videos.create({ prompt: 'a cat' }),
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
