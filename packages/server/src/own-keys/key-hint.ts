/** Hints: as much of a key as people need to tell it from others, and nobody else can use. */

/** A shorter key shows nothing: a few characters would be too great a part of it. */
const LENGTH_MIN = 24;
const SUFFIX_LENGTH = 4;
/** What providers begin all their keys with: `sk-`, `gsk_`, `hf_`. */
const COMMON_PREFIX = /^[A-Za-z]{2,5}[-_]/;

/** The hint of `key`, such as `sk-…AbCd`, or `…` of a short one. */
export function hintOf(key: string): string {
  if (key.length < LENGTH_MIN) return '…';
  return `${COMMON_PREFIX.exec(key)?.[0] ?? ''}…${key.slice(-SUFFIX_LENGTH)}`;
}
