/** What is set aside for a running call grows in steps, and stops growing when it must. */
import type { Denied } from '@bursar/api';
import { expect, test } from 'vitest';
import { Coverage } from '../src/coverage.ts';

/** A budget with room for `room` output tokens. */
function coverageWith(tokens: number | undefined, room: number) {
  const asked: number[] = [];
  const coverage = new Coverage({
    tokens,
    extendTo: async (wanted) => {
      asked.push(wanted);
      return wanted <= room ? undefined : ({ outputTokensThatFit: room } as Denied);
    },
    onError: () => expect.unreachable('nothing fails here'),
  });
  return { coverage, asked };
}

test('nothing is asked for while the output is covered', () => {
  const { coverage, asked } = coverageWith(500, 1_000);
  expect(coverage.cover(500)).toBeUndefined();
  expect(asked).toEqual([]);
});

test('the model’s maximum covers everything', () => {
  expect(coverageWith(undefined, 0).coverage.cover(1_000_000)).toBeUndefined();
});

test('it grows by what it was at first, between 256 and 4,096 tokens', async () => {
  const small = coverageWith(10, 100_000);
  await small.coverage.cover(11);
  expect(small.asked).toEqual([11 + 256]);
  const large = coverageWith(50_000, 100_000);
  await large.coverage.cover(50_001);
  expect(large.asked).toEqual([50_001 + 4_096]);
});

test('a step that does not fit is replaced by what does, and the next is refused for good', async () => {
  const { coverage, asked } = coverageWith(500, 700);
  expect(await coverage.cover(501)).toBeUndefined();
  expect(asked).toEqual([1_001, 700]);
  expect(coverage.cover(700)).toBeUndefined();
  expect(await coverage.cover(701)).toMatchObject({ outputTokensThatFit: 700 });
  expect(await coverage.cover(702)).toMatchObject({ outputTokensThatFit: 700 });
  expect(asked).toEqual([1_001, 700, 1_201]);
});

test('what arrives while a step is under way waits for that step', async () => {
  const { coverage, asked } = coverageWith(500, 10_000);
  await Promise.all([coverage.cover(501), coverage.cover(502), coverage.cover(503)]);
  expect(asked).toEqual([1_001]);
});

test('a step that fails is no refusal and is not repeated with every token', async () => {
  const errors: unknown[] = [];
  const coverage = new Coverage({
    tokens: 500,
    extendTo: () => Promise.reject(new Error('away')),
    onError: (error) => errors.push(error),
  });
  expect(await coverage.cover(501)).toBeUndefined();
  for (let tokens = 502; tokens <= 1_001; tokens += 1) {
    expect(coverage.cover(tokens)).toBeUndefined();
  }
  await coverage.cover(1_002);
  expect(errors).toHaveLength(2);
});
