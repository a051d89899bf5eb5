/**
 * Counting failed sign-ins, by where they come from.
 *
 * An address that fails too often within a minute is turned away before any lookup. Addresses are grouped
 * as one subscriber holds them: an IPv4 address, or a /64 of IPv6. The map is bounded; what is forgotten is
 * only a count.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '@bursar/core';
import { LRUCache } from 'lru-cache';

/** Failures within `FAILURES_WINDOW_MS` after which an address is blocked until the window ends. */
export const FAILURES_MAX = 30;
export const FAILURES_WINDOW_MS = 60_000;
const ADDRESSES_MAX = 10_000;

/** Failed sign-ins of the last minute. */
export class FailedSignIns {
  readonly #counts: LRUCache<string, number>;

  constructor(clock: Clock) {
    this.#counts = new LRUCache({
      max: ADDRESSES_MAX,
      ttl: FAILURES_WINDOW_MS,
      ttlResolution: 0,
      noUpdateTTL: true,
      perf: { now: () => clock.nowMs() },
    });
  }

  /** Whether sign-ins from `address` are turned away for now. */
  isBlocked(address: string): boolean {
    return (this.#counts.get(groupOf(address)) ?? 0) >= FAILURES_MAX;
  }

  /** Counts one failure. */
  count(address: string): void {
    const group = groupOf(address);
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + 1);
  }
}

/** `address` itself for IPv4, also when it is mapped into IPv6; else its first 64 bits. */
export function groupOf(address: string): string {
  const unmapped = address.replace(/^::ffff:(?=[0-9]+\.)/i, '');
  if (!isIPv6(unmapped)) return unmapped;
  const [head = '', tail = ''] = unmapped.toLowerCase().split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  const groups = unmapped.includes('::') ? [...before, ...zeros, ...after] : before;
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
