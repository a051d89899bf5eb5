/** In which mode an answer was given: which stores decide, why, and what can go wrong at worst meanwhile. */

/** The mode of a server. */
export interface ModeView {
  /**
   * `direct`: one store decides everything. `hybrid`: Redis decides, PostgreSQL is the authority. `redis-down`:
   * PostgreSQL decides. `db-down`: Redis goes on within what it has leased. `closed`: no store answers.
   */
  readonly mode: 'direct' | 'hybrid' | 'redis-down' | 'db-down' | 'closed';
  /** Why it is not the usual one; `null` when it is. */
  readonly reason: string | null;
  /** Since when, ISO 8601. */
  readonly since: string;
  /** What may be spent beyond all limits together in this mode, decimal USD. `"0.00"` in strict mode, always. */
  readonly worstOverspendUsd: string;
}
