import { reservationId, tenantId } from '@bursar/core';
import { expect, test } from 'vitest';
import { RecentCalls } from '../../src/stores/recent-calls.ts';

const call = (number: number) =>
  reservationId(tenantId('acme'), `019a0000-0000-7000-8000-${String(number).padStart(12, '0')}`);

test('no more calls are remembered than there may be, and the one that was noted first goes first', () => {
  const calls = new RecentCalls<string>(2);
  calls.set(call(1), 'a');
  calls.set(call(2), 'b');
  calls.set(call(1), 'a again');
  calls.set(call(3), 'c');
  expect([call(1), call(2), call(3)].map((id) => calls.get(id))).toEqual([undefined, 'b', 'c']);
});

test('what is new about a call takes nobody’s place', () => {
  const calls = new RecentCalls<string>(2);
  calls.set(call(1), 'a');
  calls.set(call(2), 'b');
  calls.set(call(2), 'b again');
  expect([call(1), call(2)].map((id) => calls.get(id))).toEqual(['a', 'b again']);
});

test('a call that has ended leaves its place to another', () => {
  const calls = new RecentCalls<string>(2);
  calls.set(call(1), 'a');
  calls.set(call(2), 'b');
  calls.delete(call(2));
  calls.set(call(3), 'c');
  expect([call(1), call(2), call(3)].map((id) => calls.get(id))).toEqual(['a', undefined, 'c']);
  calls.clear();
  expect(calls.get(call(1))).toBeUndefined();
});
