/** In which mode an answer was given: which stores decide, why, and what can go wrong at worst meanwhile. */

/** The mode of a server. */
export interface ModeView {
  /**
   * `direct`: one store decides everything. `hybrid`: Redis decides, PostgreSQL is the authority. `redis-down`:
   * PostgreSQL decides. `db-down`: Redis goes on within what it has leased. `closed`: no store answers, and
   * calls are refused. `lenient`: no store answers, and the server lets calls through within its allowance.
   */
  readonly mode: 'direct' | 'hybrid' | 'redis-down' | 'db-down' | 'closed' | 'lenient';
  /** Why it is not the usual one; `null` when it is. */
  readonly reason: string | null;
  /** Since when, ISO 8601. */
  readonly since: string;
  /**
   * What may be spent beyond all limits together in this mode, decimal USD: `"0.00"` in every mode but
   * `lenient`, where it is the server's allowance until a store answers again.
   */
  readonly worstOverspendUsd: string;
}
