/** A caller sees the stream that they would have seen without Bursar. */
import { expect, test } from 'vitest';
import { MODEL, openWorld, prompt } from '../support/world.ts';

const chat = { model: MODEL, messages: [prompt(3)], stream: true as const };
const SCRIPT = {
  headers: { 'x-provider-output-tokens': '20', 'x-provider-tokens-per-chunk': '3' },
};

async function textOf(answer: Promise<Response>): Promise<string> {
  // Ids and times differ from call to call.
  return (await (await answer).text())
    .replaceAll(/"(id|item_id)":"[^"]+"/g, '')
    .replaceAll(/"(created|created_at|completed_at)":[0-9.]+/g, '');
}

test('without asking for usage, not a byte of a chat stream differs', async () => {
  await using world = await openWorld('in-process');
  const plain = await textOf(
    world.plainOpenai().chat.completions.create(chat, SCRIPT).asResponse(),
  );
  const wrapped = await textOf(world.openai().chat.completions.create(chat, SCRIPT).asResponse());
  expect(plain).not.toContain('usage');
  expect(wrapped).toBe(plain);
  expect(await world.booked()).toMatchObject([
    { basis: 'reported', usage: { inputTokens: 3, outputTokens: 20 } },
  ]);
});

test('the usage that was asked for comes through, byte for byte', async () => {
  await using world = await openWorld('in-process');
  const asking = { ...chat, stream_options: { include_usage: true } };
  const plain = await textOf(
    world.plainOpenai().chat.completions.create(asking, SCRIPT).asResponse(),
  );
  const wrapped = await textOf(world.openai().chat.completions.create(asking, SCRIPT).asResponse());
  expect(plain).toContain('"prompt_tokens":3');
  expect(wrapped).toBe(plain);
});

test('a caller who says that usage is not wanted does not get it', async () => {
  await using world = await openWorld('in-process');
  const stream = await world
    .openai()
    .chat.completions.create({ ...chat, stream_options: { include_usage: false } }, SCRIPT);
  for await (const chunk of stream) {
    expect(chunk.choices).not.toHaveLength(0);
    expect(chunk).not.toHaveProperty('usage');
  }
  expect(await world.booked()).toMatchObject([{ basis: 'reported' }]);
});

test('a stream of responses differs in no byte', async () => {
  await using world = await openWorld('in-process');
  const request = { model: MODEL, input: 'one two three', stream: true } as const;
  const plain = await textOf(world.plainOpenai().responses.create(request, SCRIPT).asResponse());
  const wrapped = await textOf(world.openai().responses.create(request, SCRIPT).asResponse());
  expect(wrapped).toBe(plain);
});

test('a stream of several choices is settled for all of them', async () => {
  await using world = await openWorld('in-process');
  const stream = await world.openai().chat.completions.create({ ...chat, n: 3 }, SCRIPT);
  const texts = ['', '', ''];
  for await (const { choices } of stream) {
    for (const { index, delta } of choices) texts[index] += delta.content ?? '';
  }
  expect(texts.map((text) => text.split(' ').length)).toEqual([20, 20, 20]);
  expect(await world.booked()).toMatchObject([{ usage: { inputTokens: 3, outputTokens: 60 } }]);
});

test('nothing is read ahead of the caller beyond what a connection buffers', async () => {
  await using world = await openWorld('in-process');
  const stream = await world.openai().chat.completions.create(chat, {
    headers: { 'x-provider-output-tokens': '400000' },
  });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.next();
  stream.controller.abort();
  await world.provider.ended(1);
  expect(world.provider.calls[0]?.outputTokens).toBeLessThan(200_000);
});
