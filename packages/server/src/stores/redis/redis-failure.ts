/**
 * What went wrong in Redis, as the caller must see it: not applied, outcome unknown, or not our data.
 *
 * Error words: Redis 7 `server.c` (shared errors) and `script.c`, read November 2026.
 */
import { BursarError, CopiesFenced, isBursarError } from '@bursar/core';

/** The server has forgotten the script, or is not (any more) the one that decides: another dataset. */
const FENCED = new Set(['NOSCRIPT', 'READONLY', 'MOVED', 'ASK']);
/** Refused before anything was run, and may work later or once it is set up right. */
const REFUSED = new Map([
  ['OOM', 'Redis is out of memory and admits nothing new; raise maxmemory.'],
  ['LOADING', 'Redis is still loading its data.'],
  ['BUSY', 'Redis is busy with a script of somebody else.'],
  ['MASTERDOWN', 'This Redis is a replica without its primary.'],
  ['MISCONF', 'Redis cannot write to its disk and refuses changes.'],
  ['NOREPLICAS', 'Redis has too few replicas to accept changes.'],
  ['CLUSTERDOWN', 'The Redis cluster does not serve this shard.'],
  ['TRYAGAIN', 'The Redis cluster is moving this shard.'],
  ['NOAUTH', 'Redis asks for a password; put it into the URL.'],
  ['WRONGPASS', 'Redis does not accept user and password of the URL.'],
  ['NOPERM', 'The Redis user lacks a permission; see the documentation for the ACL.'],
  ['WRONGTYPE', 'Keys of Bursar hold something else; give Bursar another prefix.'],
]);

/** Nothing was changed. */
export function unavailable(message: string, cause?: unknown): BursarError {
  return new BursarError('store_unavailable', { message, retryAfterMs: 1_000, cause });
}

/** Whether the command was applied is unknown. */
export function unknownOutcome(cause: unknown): BursarError {
  return new BursarError('store_timeout', {
    message: 'Redis did not confirm the command; repeat it with the same id.',
    retryAfterMs: 100,
    cause,
  });
}

/** The error for whoever sent a command that was on its way when `error` came. */
export function toCopiesError(error: unknown): BursarError | CopiesFenced {
  const word = errorWord(error);
  if (word === undefined) return unknownOutcome(error);
  if (FENCED.has(word)) return new CopiesFenced(`Redis answered ${word}`);
  const message = REFUSED.get(word);
  return message === undefined ? unknownOutcome(error) : unavailable(message, error);
}

/** Whether a call was refused, whole, because Redis has no memory left. */
export function isOutOfMemory(error: unknown): boolean {
  return isBursarError(error) && errorWord(error.cause) === 'OOM';
}

/** The first word of an error that Redis itself answered with. */
export function errorWord(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined;
  return error.message.split(' ', 1)[0] ?? '';
}
