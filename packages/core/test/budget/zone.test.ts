import { describe, expect, it } from 'vitest';
import { firstInstantAt, offsetAt, wallAt } from '../../src/budget/zone.ts';

const at = (iso: string) => Date.parse(`${iso}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);
const first = (zone: string, wall: string) => iso(firstInstantAt(zone, at(wall)));

describe('the clocks of a zone', () => {
  it.each([
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59'],
    ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:00:00'],
    ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00'],
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00'],
    ['Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T10:00:00'],
    ['Africa/Monrovia', '1972-01-07T00:00:00', '1972-01-07T00:44:30'],
    ['UTC', '2026-11-05T00:00:00', '2026-11-05T00:00:00'],
  ])('of %s first show %s or later at %s UTC', (zone, wall, instant) => {
    expect(first(zone, wall)).toBe(instant);
  });

  it('are read to the second, and are as far from UTC within it', () => {
    expect(offsetAt('Africa/Monrovia', at('1972-01-07T00:44:29') + 999)).toBe(-2_670_000);
    expect(offsetAt('Africa/Monrovia', at('1972-01-07T00:44:30'))).toBe(0);
    expect(wallAt('Asia/Kathmandu', at('2026-11-05T00:00:00') + 7)).toBe(
      at('2026-11-05T05:45:00') + 7,
    );
  });
});
