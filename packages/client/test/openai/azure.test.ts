/** Azure's client and its deployments, and other roots than `/v1`, through the packages themselves. */
import OpenAI, { AzureOpenAI } from 'openai';
import { AzureOpenAI as AzureOpenAI6 } from 'openai-6';
import { describe, expect, test } from 'vitest';
import type { WrapOptions } from '../../src/wrap-options.ts';
import { MODEL, openWorld, prompt, type World } from '../support/world.ts';

const DEPLOYMENT = `prod-${MODEL}`;
const deployments = { [DEPLOYMENT]: MODEL };
const chat = { model: DEPLOYMENT, messages: [prompt(3)], max_tokens: 7 };

/** Which deployments are named. */
interface Given {
  readonly deployments?: Readonly<Record<string, string>> | 'none';
}

const CLIENTS: readonly (readonly [string, typeof AzureOpenAI])[] = [
  ['openai 7', AzureOpenAI],
  // The same methods; its types are another package's.
  ['openai 6', AzureOpenAI6 as unknown as typeof AzureOpenAI],
];

describe.each(CLIENTS)('AzureOpenAI of %s', (_name, Client) => {
  const plain = (world: World, more: object = {}): AzureOpenAI =>
    new Client({
      apiKey: 'key',
      apiVersion: '2025-04-01-preview',
      endpoint: world.provider.url.replace(/\/v1$/, ''),
      maxRetries: 0,
      ...more,
    });
  const wrapped = (
    world: World,
    options: Omit<Partial<WrapOptions>, 'deployments'> & Given = {},
    more: object = {},
  ): AzureOpenAI => {
    const { deployments: given = deployments, ...rest } = options;
    const named = given === 'none' ? {} : { deployments: given };
    return world.bursar.wrap(plain(world, more), { user: 'alice', ...rest, ...named });
  };

  test('is metered at the price of the model behind the deployment', async () => {
    await using world = await openWorld('in-process');
    const answer = await wrapped(world).chat.completions.create(chat);
    expect(answer.usage?.completion_tokens).toBe(7);
    expect(world.provider.calls[0]?.path).toBe(
      `/openai/deployments/${DEPLOYMENT}/chat/completions`,
    );
    expect(await world.booked()).toMatchObject([
      { usage: { inputTokens: 3, outputTokens: 7 }, model: 'gpt-4o-mini-2024-07-18' },
    ]);
    // 3 × 0.15 + 7 × 0.60 millionths.
    const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(settledUsd).toBe('0.00000465');
  });

  test('streams, answers responses and embeds', async () => {
    await using world = await openWorld('in-process');
    const azure = wrapped(world, {
      deployments: { ...deployments, 'prod-text-embedding-3-small': 'text-embedding-3-small' },
    });
    let pieces = 0;
    const stream = await azure.chat.completions.create({ ...chat, stream: true });
    for await (const chunk of stream) pieces += chunk.choices.length;
    expect(pieces).toBeGreaterThan(7);
    await azure.responses.create({ model: DEPLOYMENT, input: 'one two', max_output_tokens: 16 });
    await azure.embeddings.create({ model: 'prod-text-embedding-3-small', input: 'one' });
    expect(await world.booked()).toMatchObject([
      { usage: { inputTokens: 3, outputTokens: 7 } },
      { usage: { inputTokens: 2, outputTokens: 16 } },
      { usage: { inputTokens: 1 } },
    ]);
  });

  test('whose deployment is fixed is charged by that, whatever the request names', async () => {
    await using world = await openWorld('in-process');
    const azure = wrapped(world, {}, { deployment: DEPLOYMENT });
    await azure.chat.completions.create({ ...chat, model: 'gpt-3.5-turbo' });
    const { settledUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect(settledUsd).toBe('0.00000465');
  });

  test.each([
    ['no deployments', { deployments: 'none' as const }, DEPLOYMENT],
    ['another deployment', { deployments: { other: MODEL } }, DEPLOYMENT],
    ['one that is called like a model', { deployments: 'none' as const }, MODEL],
    ['a name that every object has', {}, 'toString'],
    ['no metering of what has no price', { unmeteredRoutes: 'allow' as const }, 'other'],
  ])('refuses a deployment with %s said', async (_what, options, model) => {
    await using world = await openWorld('in-process');
    const asked = wrapped(world, options).chat.completions.create({ ...chat, model });
    await expect(asked).rejects.toMatchObject({
      status: 412,
      code: 'price_unknown',
      param: 'deployments',
      message: expect.stringContaining(`"${model}"`),
    });
    expect(world.provider.calls).toEqual([]);
  });

  test('may have its deployments in the price table instead', async () => {
    await using world = await openWorld('in-process');
    const azure = wrapped(world, { deployments: 'none', provider: 'azure' });
    await azure.chat.completions.create({ ...chat, model: MODEL });
    await expect(azure.chat.completions.create(chat)).rejects.toMatchObject({
      code: 'price_unknown',
      message: expect.stringContaining(DEPLOYMENT),
    });
    expect(await world.booked()).toHaveLength(1);
  });

  test('creates batches, whose lines name the deployment', async () => {
    await using world = await openWorld('in-process');
    const azure = wrapped(world);
    const line = { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: chat };
    const file = await azure.files.create({
      purpose: 'batch',
      file: new File([JSON.stringify(line)], 'in.jsonl'),
    });
    const { id } = await azure.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    expect(Number(await world.reservedUsd())).toBeGreaterThan(0);
    await azure.batches.retrieve(id);
    expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 3, outputTokens: 7 } }]);
  });

  test('settles a response in the background that another process asks for', async () => {
    await using world = await openWorld('in-process');
    const request = { model: DEPLOYMENT, input: 'one two', background: true };
    const { id } = await wrapped(world).responses.create(request);
    await wrapped(world, { user: 'bob' }).responses.retrieve(id);
    expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 2 } }]);
  });
});

describe.each(['/v1', '/openai/v1', '/v1beta/openai'])('a client of %s', (root) => {
  test('is metered, streamed or not, with files and batches', async () => {
    await using world = await openWorld('in-process');
    const baseURL = world.provider.url.replace(/\/v1$/, root);
    const openai: OpenAI = world.openai({}, { baseURL });
    const request = { ...chat, model: MODEL };
    await openai.chat.completions.create(request);
    let pieces = 0;
    const stream = await openai.chat.completions.create({ ...request, stream: true });
    for await (const chunk of stream) pieces += chunk.choices.length;
    expect(pieces).toBeGreaterThan(7);
    await openai.responses.create({ model: MODEL, input: 'one two', max_output_tokens: 16 });
    const line = { custom_id: '1', method: 'POST', url: '/v1/chat/completions', body: request };
    const file = await openai.files.create({
      purpose: 'batch',
      file: new File([JSON.stringify(line)], 'in.jsonl'),
    });
    const { id } = await openai.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await openai.batches.retrieve(id);
    expect(await world.booked()).toMatchObject([
      { usage: { inputTokens: 3, outputTokens: 7 } },
      { usage: { inputTokens: 3, outputTokens: 7 } },
      { usage: { inputTokens: 2, outputTokens: 16 } },
      { usage: { inputTokens: 3, outputTokens: 7 } },
    ]);
  });
});
