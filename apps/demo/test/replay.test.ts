import { expect, test } from 'vitest';
import { replay } from '../src/trace/replay.ts';
import type { TraceRow } from '../src/trace/trace-row.ts';

async function* rows(count: number): AsyncGenerator<TraceRow, void> {
  for (let index = 0; index < count; index += 1) {
    yield { arrivedAtMs: index, contextTokens: index + 1, generatedTokens: 1 };
  }
}

test('every row is called once, in order, and never more at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const called: number[] = [];
  await replay(rows(50), {
    speed: Infinity,
    concurrency: 4,
    call: async (row, index) => {
      expect(row.contextTokens).toBe(index + 1);
      called.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    },
  });
  expect(called).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(most).toBe(4);
  expect(running).toBe(0);
});

test('a call that rejects ends the replay, once what runs has ended', async () => {
  let finished = 0;
  const replaying = replay(rows(1_000), {
    speed: Infinity,
    concurrency: 2,
    call: async (_row, index) => {
      await new Promise((resolve) => setImmediate(resolve));
      finished += 1;
      if (index === 10) throw new Error('enough');
    },
  });
  await expect(replaying).rejects.toThrow('enough');
  expect(finished).toBeLessThan(20);
});

test('with a speed, rows wait for their time', async () => {
  const beganAtMs = performance.now();
  const lateMsMax = await replay(rows(3), { speed: 0.1, concurrency: 9, call: async () => {} });
  expect(performance.now() - beganAtMs).toBeGreaterThanOrEqual(19);
  expect(lateMsMax).toBeGreaterThanOrEqual(0);
});
