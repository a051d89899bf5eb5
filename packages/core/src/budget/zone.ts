/**
 * Time zones: what the clocks on the wall show, and when they show it.
 *
 * Everything about a zone comes from the runtime's own copy of the IANA database, through `Intl`; here is only
 * the search for the instant at which a clock first shows a time. A wall time is written as milliseconds, as
 * if the zone were UTC. Clocks that are put forward leave out wall times, clocks that are put back show some
 * twice. Relies on a zone changing its offset at most once in any 30 hours, which holds for every zone since
 * 1970: no two changes of the database of 2026 are within 40 hours. Names are taken as they are spelled: which of two
 * names for a zone is the main one differs between runtimes, and ids must not.
 */
import { assert } from '../assert.ts';
import { BoundedMemo } from '../bounded-memo.ts';

/** More than any offset from UTC (−12 … +14 hours). */
const OFFSET_BOUND_MS = 15 * 3_600_000;
/** About 50 kB each; there are some 600 names. */
const FORMATS_MAX = 128;

/** How the database spells names: `Europe/Berlin`, `America/Argentina/Buenos_Aires`, `Etc/GMT+5`. */
const NAME = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*){0,2}$/;
const NAME_LENGTH_MAX = 64;

const FORMATS = new BoundedMemo<Intl.DateTimeFormat>(FORMATS_MAX);

/** What is wrong with `name` as a time zone, as the rest of a sentence that starts with the field; or nothing. */
export function zoneProblem(name: unknown): string | undefined {
  const fix = 'must be a time zone of the IANA database, such as Europe/Berlin or UTC';
  if (typeof name !== 'string' || name.length > NAME_LENGTH_MAX) return fix;
  let known: string;
  try {
    known = formatOf(name).resolvedOptions().timeZone;
  } catch {
    return `${fix}, and is ${JSON.stringify(name)}`;
  }
  if (known !== name && known.toLowerCase() === name.toLowerCase()) {
    return `must be spelled ${known}`;
  }
  return NAME.test(name) ? undefined : `${fix}, spelled as it is there`;
}

/** The wall time in `zone` at `at`, a valid zone. */
export function wallAt(zone: string, at: number): number {
  return at + offsetAt(zone, at);
}

/** How far the clocks of `zone` are ahead of UTC at `at`, in milliseconds; negative when they are behind. */
export function offsetAt(zone: string, at: number): number {
  if (zone === 'UTC') return 0;
  const second = Math.floor(at / 1000) * 1000;
  const shown: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(second)) shown[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second: seconds = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
}

/** The first instant at which the clocks of `zone` show `wall` or later. */
export function firstInstantAt(zone: string, wall: number): number {
  const early = wall - OFFSET_BOUND_MS;
  const late = wall + OFFSET_BOUND_MS;
  const before = offsetAt(zone, early);
  const after = offsetAt(zone, late);
  // In this order: a wall time that is shown twice is meant the first time.
  for (const offset of [before, after]) {
    if (offsetAt(zone, wall - offset) === offset) return wall - offset;
  }
  // No clock ever shows it: the hour, or the whole day, was skipped.
  return firstWhere((at) => wallAt(zone, at) >= wall, early, late);
}

/** The first instant after `no` at which `holds`, which it does not at `no`, does at `yes`, and changes once between. */
export function firstWhere(holds: (at: number) => boolean, no: number, yes: number): number {
  let low = no;
  let high = yes;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  assert(high > low, 'firstWhere: the interval is empty');
  return high;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  return (
    FORMATS.get(zone) ??
    FORMATS.set(
      zone,
      new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        calendar: 'gregory',
        numberingSystem: 'latn',
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      }),
    )
  );
}
