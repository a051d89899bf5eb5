/** Every way to call a model is settled as the provider reports it, and works as without Bursar. */
import { describe, expect, test } from 'vitest';
import { MODEL, openWorld, prompt, REACHES, type World } from '../support/world.ts';

const SCRIPT = { headers: { 'x-provider-output-tokens': '12' } };
const SETTLED = {
  kind: 'settle',
  basis: 'reported',
  model: 'gpt-4o-mini-2024-07-18',
  usage: { inputTokens: 5, outputTokens: 12 },
};
const chat = { model: MODEL, messages: [prompt(5)], max_completion_tokens: 50 };
const response = { model: MODEL, input: prompt(5).content, max_output_tokens: 50 };

/** What a caller may do, and what must come out. Each call has 5 input and 12 output tokens. */
const CALLS: Record<string, (world: World) => Promise<string>> = {
  'chat.completions.create': async (world) => {
    const answer = await world.openai().chat.completions.create(chat, SCRIPT);
    return answer.choices[0]?.message.content ?? '';
  },
  'chat.completions.create with stream': async (world) => {
    const stream = await world.openai().chat.completions.create({ ...chat, stream: true }, SCRIPT);
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  },
  'chat.completions.stream': async (world) => {
    const stream = world.openai().chat.completions.stream(chat, SCRIPT);
    const completion = await stream.finalChatCompletion();
    expect(completion.usage).toBeUndefined();
    return completion.choices[0]?.message.content ?? '';
  },
  'chat.completions.stream with usage asked for': async (world) => {
    const stream = world
      .openai()
      .chat.completions.stream({ ...chat, stream_options: { include_usage: true } }, SCRIPT);
    expect(await stream.totalUsage()).toMatchObject({ prompt_tokens: 5, completion_tokens: 12 });
    return (await stream.finalContent()) ?? '';
  },
  withResponse: async (world) => {
    const { data, response } = await world
      .openai()
      .chat.completions.create(chat, SCRIPT)
      .withResponse();
    expect(response.headers.get('x-request-id')).toBe(world.provider.calls.at(-1)?.id);
    expect(response.url).toBe(`${world.provider.url}/chat/completions`);
    return data.choices[0]?.message.content ?? '';
  },
  asResponse: async (world) => {
    const raw = await world.openai().chat.completions.create(chat, SCRIPT).asResponse();
    expect(raw.status).toBe(200);
    const body = (await raw.json()) as { choices: [{ message: { content: string } }] };
    return body.choices[0].message.content;
  },
  'responses.create': async (world) =>
    (await world.openai().responses.create(response, SCRIPT)).output_text,
  'responses.create with stream': async (world) => {
    const stream = await world.openai().responses.create({ ...response, stream: true }, SCRIPT);
    let text = '';
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    return text;
  },
  'responses.stream': async (world) => {
    const stream = world.openai().responses.stream(response, SCRIPT);
    return (await stream.finalResponse()).output_text;
  },
};

describe.each(REACHES)('%s', (reach) => {
  test.each(Object.entries(CALLS))('%s is settled as reported', async (_name, call) => {
    await using world = await openWorld(reach);
    const text = await call(world);
    expect(text.split(' ')).toHaveLength(12);
    expect(await world.booked()).toEqual([SETTLED]);
    expect(await world.reservedUsd()).toBe('0.00');
    expect(world.provider.calls).toHaveLength(1);
  });

  test('chat.completions.parse gives the parsed value and is settled', async () => {
    await using world = await openWorld(reach);
    const completion = await world.openai().chat.completions.parse({
      ...chat,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'weather',
          schema: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(completion.choices[0]?.message.parsed).toHaveProperty('city');
    expect(await world.booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
  });

  test('responses.parse gives the parsed value and is settled', async () => {
    await using world = await openWorld(reach);
    const parsed = await world.openai().responses.parse({
      ...response,
      text: {
        format: {
          type: 'json_schema',
          name: 'weather',
          strict: true,
          schema: {
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(parsed.output_parsed).toHaveProperty('city');
    expect(await world.booked()).toMatchObject([{ kind: 'settle', basis: 'reported' }]);
  });

  test('each turn of runTools is a reservation of its own', async () => {
    await using world = await openWorld(reach);
    const runner = world.openai().chat.completions.runTools({
      model: MODEL,
      messages: [prompt(5)],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'The weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
            parse: JSON.parse,
            function: () => 'sunny today',
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBeTruthy();
    const booked = await world.booked();
    expect(booked).toHaveLength(2);
    expect(
      booked.map(({ usage }) => (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0)),
    ).toEqual(
      world.provider.calls.map(({ promptTokens, outputTokens }) => promptTokens + outputTokens),
    );
  });

  test('embeddings are settled with their input alone', async () => {
    await using world = await openWorld(reach);
    const { data } = await world.openai().embeddings.create({
      model: 'text-embedding-3-small',
      input: ['one two three', 'four five'],
    });
    expect(data).toHaveLength(2);
    expect(data[0]?.embedding).toHaveLength(1536);
    expect(await world.booked()).toEqual([
      {
        kind: 'settle',
        basis: 'reported',
        model: 'text-embedding-3-small',
        usage: { inputTokens: 5 },
      },
    ]);
  });

  test('cached and reasoning tokens are booked in classes of their own', async () => {
    await using world = await openWorld(reach);
    await world.openai().chat.completions.create(
      { ...chat, model: 'gpt-5-mini' },
      {
        headers: {
          'x-provider-output-tokens': '12',
          'x-provider-reasoning-tokens': '8',
          'x-provider-cached-tokens': '2',
        },
      },
    );
    expect(await world.booked()).toMatchObject([
      {
        usage: { inputTokens: 3, cachedInputTokens: 2, outputTokens: 4, reasoningTokens: 8 },
      },
    ]);
  });

  test('the next call is decided with the cost of the one before', async () => {
    await using world = await openWorld(reach, { defaultLimitUsd: '0.00006' });
    // Each may cost 0.0000474 and costs 0.00000795: both fit only because the first is settled by then.
    const openai = world.openai();
    await openai.chat.completions.create(chat, SCRIPT);
    const { settledUsd, reservedUsd } = await world.bursar.usage.current({ user: 'alice' });
    expect({ settledUsd, reservedUsd }).toEqual({ settledUsd: '0.00000795', reservedUsd: '0.00' });
    await openai.chat.completions.create(chat, SCRIPT);
  });
});
