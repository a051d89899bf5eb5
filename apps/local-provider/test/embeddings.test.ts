import { expect, test } from 'vitest';
import { openProvider } from './open-provider.ts';

const SMALL = 'text-embedding-3-small';

test('base64, which the SDK asks for unless told otherwise, and float are the same vectors', async () => {
  const { client } = await openProvider();
  const input = ['one two', 'three'];
  const usual = await client.embeddings.create({ model: SMALL, input });
  const float = await client.embeddings.create({ model: SMALL, input, encoding_format: 'float' });
  expect(usual.data.map(({ embedding }) => embedding.length)).toEqual([1536, 1536]);
  expect(usual.data).toEqual(float.data);
  expect(usual.data[0]?.embedding).not.toEqual(usual.data[1]?.embedding);
  expect(usual.usage).toEqual({ prompt_tokens: 3, total_tokens: 3 });
});

test('vectors have length 1 and the dimensions asked for', async () => {
  const { client } = await openProvider();
  const { data } = await client.embeddings.create({ model: SMALL, input: 'one', dimensions: 8 });
  const embedding = data[0]?.embedding ?? [];
  expect(embedding).toHaveLength(8);
  expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
});

test('token numbers are one token each', async () => {
  const { client } = await openProvider();
  const tokensOf = async (input: number[] | number[][]): Promise<number> =>
    (await client.embeddings.create({ model: SMALL, input })).usage.prompt_tokens;
  expect(await tokensOf([5, 6, 7])).toBe(3);
  expect(await tokensOf([[5, 6, 7], [8]])).toBe(4);
});

test('base64 over the wire is what was asked for', async () => {
  const { provider } = await openProvider();
  const answer = await fetch(`${provider.url}/embeddings`, {
    method: 'POST',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ model: SMALL, input: 'one', dimensions: 2, encoding_format: 'base64' }),
  });
  const body = (await answer.json()) as { data: { embedding: string }[] };
  expect(Buffer.from(body.data[0]?.embedding ?? '', 'base64')).toHaveLength(2 * 4);
});
