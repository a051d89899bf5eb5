import { expect, test } from 'vitest';
import { openProvider } from './open-provider.ts';

const TWELVE_TOKENS = { headers: { 'x-provider-output-tokens': '12' } };

test('create answers with text and usage', async () => {
  const { client } = await openProvider();
  const response = await client.responses.create(
    { model: 'gpt-4o', instructions: 'be brief', input: 'w '.repeat(40) },
    { headers: { ...TWELVE_TOKENS.headers, 'x-provider-cached-tokens': '30' } },
  );
  expect(response).toMatchObject({ status: 'completed', model: 'gpt-4o-2024-08-06' });
  expect(response.output_text.split(' ')).toHaveLength(12);
  expect(response.usage).toEqual({
    input_tokens: 42,
    input_tokens_details: { cached_tokens: 30, cache_write_tokens: 0 },
    output_tokens: 12,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 54,
  });
});

test('input items count by their text, whatever their kind', async () => {
  const { client } = await openProvider();
  const response = await client.responses.create({
    model: 'gpt-4o',
    input: [
      { role: 'user', content: 'one two' },
      { role: 'user', content: [{ type: 'input_text', text: 'three' }] },
      { type: 'function_call', call_id: 'call_1', name: 'lookup', arguments: '{ "a": 1 }' },
      { type: 'function_call_output', call_id: 'call_1', output: 'eight nine' },
    ],
  });
  expect(response.usage?.input_tokens).toBe(2 + 1 + 4 + 2);
});

test('a stream has the events in the order of OpenAI, numbered without a gap', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.responses.create(
    { model: 'gpt-4o', input: 'hello there', stream: true },
    { headers: { 'x-provider-output-tokens': '2' } },
  );
  const events = await Array.fromAsync(stream);
  expect(events.map(({ type }) => type)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual([...events.keys()]);
  await provider.ended(1);
  expect(provider.calls[0]).toMatchObject({
    ending: 'completed',
    reportedUsage: { promptTokens: 2, outputTokens: 2 },
  });
});

test('the stream helper ends with the response that a plain call gets', async () => {
  const { client } = await openProvider();
  const body = { model: 'gpt-4o', input: 'hello there' };
  const streamed = await client.responses.stream(body, TWELVE_TOKENS).finalResponse();
  const plain = await client.responses.create(body, TWELVE_TOKENS);
  expect(streamed.output_text).toBe(plain.output_text);
  expect(streamed.usage).toEqual(plain.usage);
});

test('a cap that cuts leaves the response incomplete, and names the cap', async () => {
  const { client } = await openProvider();
  const body = { model: 'gpt-4o', input: 'hello there', max_output_tokens: 5 };
  const plain = await client.responses.create(body);
  expect(plain).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    usage: { output_tokens: 5 },
  });
  const events = await Array.fromAsync(await client.responses.create({ ...body, stream: true }));
  expect(events.at(-1)).toMatchObject({
    type: 'response.incomplete',
    response: { usage: { output_tokens: 5 } },
  });
});

test('parse gets an instance of the schema', async () => {
  const { client } = await openProvider();
  const response = await client.responses.parse({
    model: 'gpt-4o',
    input: 'hello there',
    text: {
      format: {
        type: 'json_schema',
        name: 'answer',
        schema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
      },
    },
  });
  expect(response.output_parsed).toEqual({ ok: false });
});

test('a background response is queued without usage, and finished when asked for again', async () => {
  const { client, provider } = await openProvider();
  const body = { model: 'gpt-4o', input: 'hello there', background: true };
  const queued = await client.responses.create(body, TWELVE_TOKENS);
  expect(queued).toMatchObject({ status: 'queued', usage: null, output: [] });
  const finished = await client.responses.retrieve(queued.id);
  expect(finished).toMatchObject({
    id: queued.id,
    status: 'completed',
    usage: { input_tokens: 2, output_tokens: 12 },
  });
  await provider.ended(2);
  expect(provider.calls).toMatchObject([
    { promptTokens: 2, outputTokens: 12, reportedUsage: null },
    { promptTokens: 0, outputTokens: 0, reportedUsage: { promptTokens: 2, outputTokens: 12 } },
  ]);
});

test('continuing a response bills its conversation again', async () => {
  const { client } = await openProvider();
  const first = await client.responses.create({ model: 'gpt-4o', input: 'w w w' }, TWELVE_TOKENS);
  const second = await client.responses.create({
    model: 'gpt-4o',
    input: 'and then',
    previous_response_id: first.id,
  });
  expect(second.usage?.input_tokens).toBe(3 + 12 + 2);
});

test('an unknown response is not found', async () => {
  const { client } = await openProvider();
  await expect(client.responses.retrieve('resp_unknown')).rejects.toMatchObject({ status: 404 });
});
