import { expect, it } from 'vitest';
import { BoundedMemo } from '../src/bounded-memo.ts';

it('keeps as many results as it was told, and drops the one that went unused longest', () => {
  const memo = new BoundedMemo<number>(2);
  memo.set('a', 1);
  memo.set('b', 2);
  expect(memo.get('a')).toBe(1);
  expect(memo.set('c', 3)).toBe(3);
  expect([memo.get('a'), memo.get('b'), memo.get('c')]).toEqual([1, undefined, 3]);
  memo.set('a', 4);
  expect([memo.get('a'), memo.get('c')]).toEqual([4, 3]);
});
