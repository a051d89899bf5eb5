/** Ids of reservations: none twice, in order, and random bytes for no longer than they may be kept. */
import { validate, version } from 'uuid';
import { expect, test } from 'vitest';
import { ReservationIds } from '../src/reservation-ids.ts';

const NOW_MS = Date.UTC(2026, 10, 30);

function idsOf(fill: (bytes: Uint8Array<ArrayBuffer>) => void): {
  readonly ids: ReservationIds;
  readonly fills: () => number;
} {
  let fills = 0;
  const ids = new ReservationIds((bytes) => {
    fills += 1;
    fill(bytes);
  });
  return { ids, fills: () => fills };
}

test('ids are UUIDs of version 7, and each sorts after the one before, also when the clock goes back', () => {
  const { ids } = idsOf((bytes) => crypto.getRandomValues(bytes));
  const times = [0, 0, 1, 1, -5_000, 0, 2, 2, 3_000];
  const made = times.flatMap((ms) => Array.from({ length: 100 }, () => ids.next(NOW_MS + ms)));
  expect(made.every((id) => validate(id) && version(id) === 7 && id === id.toLowerCase())).toBe(
    true,
  );
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

test('within a millisecond ids are numbered on from whatever number comes first, the highest included', () => {
  const { ids } = idsOf((bytes) => bytes.fill(0xff));
  const made = Array.from({ length: 3 }, () => ids.next(NOW_MS));
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made.map((id) => id.slice(0, 13))).size).toBe(1);
});

test('two makers do not make the same ids at the same time', () => {
  const makers = Array.from({ length: 2 }, () => idsOf((bytes) => crypto.getRandomValues(bytes)));
  const made = makers.flatMap(({ ids }) => Array.from({ length: 500 }, () => ids.next(NOW_MS)));
  expect(new Set(made).size).toBe(1_000);
});

test('random bytes serve several ids, and none after a second', () => {
  const { ids, fills } = idsOf((bytes) => crypto.getRandomValues(bytes));
  for (let made = 0; made < 64; made += 1) ids.next(NOW_MS);
  expect(fills()).toBe(1);
  ids.next(NOW_MS);
  expect(fills()).toBe(2);
  ids.next(NOW_MS + 1_001);
  expect(fills()).toBe(3);
  ids.next(NOW_MS - 10_000);
  expect(fills()).toBe(4);
});
