import { expect, test } from 'vitest';
import { openProvider, promptOf } from './open-provider.ts';

const line = (id: number, body: object): string =>
  JSON.stringify({ custom_id: `c-${id}`, method: 'POST', url: '/v1/chat/completions', body });
const INPUT = [1, 2, 3]
  .map((id) => line(id, { model: 'gpt-4o', messages: promptOf(10 * id), max_tokens: 5 }))
  .join('\n');
const BATCH = { endpoint: '/v1/chat/completions', completion_window: '24h' } as const;

async function openBatch(headers: Record<string, string> = {}) {
  const opened = await openProvider();
  const file = await opened.client.files.create({
    purpose: 'batch',
    file: new File([INPUT], 'in.jsonl'),
  });
  const { client } = opened;
  const created = await client.batches.create({ ...BATCH, input_file_id: file.id }, { headers });
  return { ...opened, file, created };
}

test('a file is what was uploaded, until it is removed', async () => {
  const { client, file } = await openBatch();
  expect(file).toMatchObject({ bytes: INPUT.length, filename: 'in.jsonl', purpose: 'batch' });
  expect(await (await client.files.content(file.id)).text()).toBe(INPUT);
  await client.files.delete(file.id);
  await expect(client.files.retrieve(file.id)).rejects.toMatchObject({ status: 404 });
});

test('a batch answers its lines and sums up what they used', async () => {
  const { client, created, provider } = await openBatch();
  expect(created).toMatchObject({ status: 'validating', model: 'gpt-4o', metadata: null });
  const batch = await client.batches.retrieve(created.id);
  expect(batch).toMatchObject({
    status: 'completed',
    request_counts: { total: 3, completed: 3, failed: 0 },
    usage: { input_tokens: 60, output_tokens: 15, total_tokens: 75 },
  });
  const output = await (await client.files.content(batch.output_file_id ?? '')).text();
  const answers = output.split('\n').map((text) => JSON.parse(text));
  expect(answers[2]).toMatchObject({
    custom_id: 'c-3',
    error: null,
    response: { status_code: 200, body: { usage: { prompt_tokens: 30 } } },
  });
  expect(provider.totals()).toMatchObject({ promptTokens: 60, outputTokens: 15 });
});

test('a batch that expires or is cancelled keeps what was answered', async () => {
  const expired = await openBatch({
    'x-provider-batch': 'expired:2',
    'x-provider-batch-usage': '0',
  });
  const batch = await expired.client.batches.retrieve(expired.created.id);
  expect(batch).toMatchObject({ status: 'expired', request_counts: { completed: 2 } });
  expect(batch.usage).toBeUndefined();
  const { client, created } = await openBatch({ 'x-provider-batch': 'in_progress:1' });
  expect((await client.batches.retrieve(created.id)).status).toBe('in_progress');
  expect((await client.batches.cancel(created.id)).status).toBe('cancelling');
  const page = await client.batches.list();
  expect(page.data).toMatchObject([{ status: 'cancelled', request_counts: { completed: 1 } }]);
});

test('a response is streamed again, from any event on', async () => {
  const { client, provider } = await openProvider();
  const stream = await client.responses.create({
    model: 'gpt-4o',
    input: 'one two',
    stream: true,
    background: true,
  });
  const first: { readonly sequence_number: number }[] = [];
  let id = '';
  for await (const event of stream) {
    first.push(event);
    if (event.type === 'response.created') id = event.response.id;
  }
  const again: object[] = [];
  const resumed = await client.responses.retrieve(id, { stream: true, starting_after: 3 });
  for await (const event of resumed) again.push(event);
  expect(again).toEqual(first.slice(4));
  expect(provider.totals().promptTokens).toBe(2);
});
