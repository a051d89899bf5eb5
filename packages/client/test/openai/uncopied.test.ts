/**
 * No streamed byte is copied on its way to the caller: what arrives are the very chunks of the provider, and where
 * something must not arrive, views of them.
 */
import { describe, expect, test } from 'vitest';
import { openWorld } from '../support/world.ts';

const chat = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: 'hi' }],
  stream: true,
};
const asking = { ...chat, stream_options: { include_usage: true } };

const piece = (content: string, more = ''): string =>
  `data: {"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":"${content}"}}]${more}}\n\n`;
const USAGE =
  'data: {"choices":[],"usage":{"prompt_tokens":8,"completion_tokens":3,"total_tokens":11}}\n\n';
const DONE = 'data: [DONE]\n\n';

/** Chunks that are sent, and chunks that arrive through a metered `fetch`. */
async function through(
  texts: readonly string[],
  request: object,
): Promise<{ readonly sent: Uint8Array[]; readonly received: Uint8Array[] }> {
  await using world = await openWorld('in-process');
  const sent = texts.map((text) => new TextEncoder().encode(text));
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        for (const chunk of sent) controller.enqueue(chunk);
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  const headers = { 'content-type': 'text/event-stream' };
  const metered = world.bursar.fetch(
    { user: 'alice' },
    async () => new Response(body, { headers }),
  );
  const answer = await metered('https://api.openai.com/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify(request),
  });
  const received: Uint8Array[] = [];
  for await (const chunk of answer.body ?? []) received.push(chunk);
  // It was metered, and not just handed through.
  expect(await world.booked()).toMatchObject([
    { kind: 'settle', basis: 'reported', usage: { inputTokens: 8, outputTokens: 3 } },
  ]);
  return { sent, received };
}

function textOf(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}

describe('a stream with the usage that its caller asked for', () => {
  test('is the provider’s own chunks, object by object, several events in one included', async () => {
    const { sent, received } = await through(
      [piece('a'), piece('b') + piece('c'), USAGE, DONE],
      asking,
    );
    expect(received).toHaveLength(sent.length);
    for (const [index, chunk] of received.entries()) expect(chunk).toBe(sent[index]);
  });

  test('is views of them where an event is spread over chunks', async () => {
    const stream = piece('a') + piece('é') + USAGE + DONE;
    const bytes = new TextEncoder().encode(stream);
    const cuts = [30, 130, 131, 180, bytes.length];
    const texts = cuts.map((end, index) =>
      // Cut between bytes that are characters of their own.
      new TextDecoder().decode(bytes.subarray(cuts[index - 1] ?? 0, end)),
    );
    const { sent, received } = await through(texts, asking);
    expect(textOf(received)).toBe(texts.join(''));
    const buffers = new Set(sent.map(({ buffer }) => buffer));
    expect(received.every(({ buffer }) => buffers.has(buffer))).toBe(true);
  });
});

describe('a stream whose caller did not ask for usage', () => {
  test('lacks only the usage chunk; every other chunk is the provider’s own object', async () => {
    const { sent, received } = await through([piece('a'), piece('b'), USAGE, DONE], chat);
    expect(received).toHaveLength(3);
    for (const [index, place] of [0, 1, 3].entries()) expect(received[index]).toBe(sent[place]);
  });

  test('has views of the one chunk that has more in it than the usage', async () => {
    const { sent, received } = await through([piece('a'), piece('b') + USAGE + DONE], chat);
    expect(received[0]).toBe(sent[0]);
    expect(textOf(received)).toBe(piece('a') + piece('b') + DONE);
    expect(received.slice(1).every(({ buffer }) => buffer === sent[1]?.buffer)).toBe(true);
  });

  test('lacks the empty fields that asking has made, in views of the provider’s chunks', async () => {
    const empty = ',"usage":null';
    const { sent, received } = await through(
      [piece('a', empty), piece('b', empty) + piece('c', empty), USAGE, DONE],
      chat,
    );
    expect(textOf(received)).toBe(piece('a') + piece('b') + piece('c') + DONE);
    const buffers = new Set(sent.map(({ buffer }) => buffer));
    expect(received.every(({ buffer }) => buffers.has(buffer))).toBe(true);
    expect(received.at(-1)).toBe(sent.at(-1));
  });
});
