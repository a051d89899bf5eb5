/** What a Redis says about itself with INFO. */
import { createHash } from 'node:crypto';

/** Fields of `INFO`, by name. */
export function parseInfo(text: unknown): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  if (typeof text !== 'string') return fields;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/** Names a running server and its history; another one after each restart, promotion or resynchronisation. */
export function lineageOf(info: ReadonlyMap<string, string>): string | undefined {
  const run = info.get('run_id');
  const history = info.get('master_replid');
  return run === undefined || history === undefined ? undefined : `${run}:${history}`;
}

/**
 * One name for what the servers of all shards, in their order, are called; another one when any of them is
 * another one, or has a shard that it had not.
 */
export function joinLineages(ofShards: readonly string[]): string {
  const [first = ''] = ofShards;
  if (ofShards.every((lineage) => lineage === first)) return first;
  return `cluster:${createHash('sha256').update(ofShards.join(' ')).digest('hex')}`;
}
