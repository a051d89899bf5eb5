import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

const INVOICE = {
  type: 'object',
  properties: {
    kind: { type: 'string', enum: ['invoice', 'receipt'] },
    number: { type: 'integer', minimum: 3 },
    isPaid: { type: 'boolean' },
    lines: {
      type: 'array',
      minItems: 2,
      items: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
    },
  },
  required: ['kind', 'number', 'isPaid', 'lines'],
  additionalProperties: false,
};

const INSTANCE = {
  kind: 'invoice',
  number: 3,
  isPaid: false,
  lines: [{ text: 'word' }, { text: 'word' }],
};

const RESPONSE_FORMAT = {
  type: 'json_schema' as const,
  json_schema: { name: 'invoice', strict: true, schema: INVOICE },
};

const TOOL = {
  type: 'function' as const,
  function: {
    name: 'lookup',
    description: 'Looks a city up.',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
    parse: (text: string): { city: string } => JSON.parse(text) as { city: string },
    function: ({ city }: { city: string }): string => `found ${city}`,
  },
};

test('parse gets an instance of the schema, billed by the words of its JSON', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.parse({
    model: 'gpt-4o',
    messages: promptOf(2),
    response_format: RESPONSE_FORMAT,
  });
  const { message } = completion.choices[0] ?? {};
  expect(message?.parsed).toEqual(INSTANCE);
  expect(completion.usage?.completion_tokens).toBe(message?.content?.split(/\s+/).length);
});

test('a streamed structured answer is the same JSON', async () => {
  const { client } = await openProvider();
  const stream = client.chat.completions.stream({
    model: 'gpt-4o',
    messages: promptOf(2),
    response_format: RESPONSE_FORMAT,
  });
  const completion = await stream.finalChatCompletion();
  expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual(INSTANCE);
});

test('a cap that cuts the JSON ends with length, so that parse refuses it', async () => {
  const { client } = await openProvider();
  const parsed = client.chat.completions.parse({
    model: 'gpt-4o',
    messages: promptOf(2),
    max_tokens: 3,
    response_format: RESPONSE_FORMAT,
  });
  await expect(parsed).rejects.toThrow(/length limit/);
});

test('a user message with tools is answered with a call of the first tool', async () => {
  const { client } = await openProvider();
  const completion = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: promptOf(2),
    tools: [TOOL],
  });
  const [choice] = completion.choices;
  expect(choice?.finish_reason).toBe('tool_calls');
  expect(choice?.message.content).toBeNull();
  expect(choice?.message.tool_calls?.[0]).toMatchObject({
    type: 'function',
    function: { name: 'lookup', arguments: '{ "city": "word" }' },
  });
  expect(completion.usage?.completion_tokens).toBe(4);
});

test('runTools calls the tool and ends with text, in two calls', async () => {
  const { client, provider } = await openProvider();
  const runner = client.chat.completions.runTools({
    model: 'gpt-4o',
    messages: promptOf(2),
    tools: [TOOL],
  });
  expect((await runner.finalContent())?.length).toBeGreaterThan(0);
  expect(runner.messages.find(({ role }) => role === 'tool')?.content).toBe('found word');
  await provider.ended(2);
  // The second prompt: 2 words of the user, 4 of the call's arguments, 2 of its result.
  expect(provider.calls.map(({ promptTokens }) => promptTokens)).toEqual([2, 8]);
});

test('runTools works streamed', async () => {
  const { client, provider } = await openProvider();
  const runner = client.chat.completions.runTools({
    model: 'gpt-4o',
    messages: promptOf(2),
    stream: true,
    stream_options: { include_usage: true },
    tools: [TOOL],
  });
  expect((await runner.finalContent())?.length).toBeGreaterThan(0);
  await provider.ended(2);
  expect(provider.calls.map(({ promptTokens }) => promptTokens)).toEqual([2, 8]);
  expect(provider.totals()).toMatchObject({ completed: 2, promptTokens: 10 });
});
