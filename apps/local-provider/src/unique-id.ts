/** Ids as OpenAI makes them: a prefix that names the kind of thing, then characters unique to it. */
import { randomBytes } from 'node:crypto';

/** Makes ids, unique among all providers: random per source, counted within it. */
export type IdSource = (prefix: string) => string;

/** A new source; one random draw in all, because drawing per call would be most of a plain call's time. */
export function createIdSource(): IdSource {
  const source = randomBytes(9).toString('hex');
  let made = 0;
  return (prefix) => `${prefix}${source}${(++made).toString(16).padStart(8, '0')}`;
}
