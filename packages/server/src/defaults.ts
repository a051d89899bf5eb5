import { join } from 'node:path';

/** What Bursar does when nobody says otherwise: the same for the process and for embedding. */
export const DEFAULTS = {
  host: '127.0.0.1',
  port: 4600,
  /** Below the working directory. */
  dataDirectory: '.bursar/data',
  /** Shards of the keys in Redis, what they begin with, and when journals come home. */
  redisShards: 1,
  redisPrefix: 'bursar',
  sync: 'seconds',
  /** A month's limit of users without their own. */
  defaultLimitUsd: '5.00',
  /** What happens to calls while no store answers. */
  whenAway: 'refuse',
  /** Life of a reservation that names none: as long as the longest call. */
  tentativeTtlMs: 600_000,
  /** Life between two heartbeats of a running call: some of them may get lost. */
  dispatchedTtlMs: 60_000,
  /** Most input tokens of one call: as much as the longest context of today's models, with room. */
  inputTokensMax: 2_000_000,
  /** Whether what such calls have used is set aside for calls without an output cap. */
  learnedEstimates: 'off',
  /** Pause between two sweeps. */
  sweepIntervalMs: 1_000,
  /** How long running HTTP calls may take to finish when the server stops. */
  shutdownMs: 10_000,
} as const;

/** Where in a data directory the journal of an outage is. */
export function awayDirectoryIn(dataDirectory: string): string {
  return join(dataDirectory, 'away');
}
