/** What became of each call of a run: columns by the call's index, small enough to send between processes. */

/** How a call ended. `unsent`: too many were under way, so it was never made. */
export const OUTCOMES = [
  'pending',
  'settled',
  'released',
  'vanished',
  'denied',
  'reserve-failed',
  'settle-failed',
  'unsent',
] as const;
export type CallOutcome = (typeof OUTCOMES)[number];

/** The columns. Times in milliseconds; `NaN` where there is none. */
export interface CallLogColumns {
  /** Index in `OUTCOMES`. */
  readonly outcomes: Uint8Array;
  /** Index in `reasons`: why a call was denied or failed. */
  readonly whys: Uint8Array;
  readonly reasons: readonly string[];
  /** Index in `modes`: who decided, as the answer said it. */
  readonly decidedBy: Uint8Array;
  readonly modes: readonly string[];
  /** From when a call was due until it was begun: the generator's own doing. */
  readonly lateMs: Float32Array;
  /** From when a call was due until it was decided. */
  readonly decideMs: Float32Array;
  /** From when the model's answer was due until it was booked or released. */
  readonly bookMs: Float32Array;
}

/** Most different reasons and modes. */
const NAMES_MAX = 255;

/** A log that is being written. */
export class CallLog {
  readonly columns: CallLogColumns;
  readonly #reasons: string[] = [''];
  readonly #modes: string[] = [''];

  constructor(size: number) {
    this.columns = {
      outcomes: new Uint8Array(size),
      whys: new Uint8Array(size),
      reasons: this.#reasons,
      decidedBy: new Uint8Array(size),
      modes: this.#modes,
      lateMs: new Float32Array(size).fill(Number.NaN),
      decideMs: new Float32Array(size).fill(Number.NaN),
      bookMs: new Float32Array(size).fill(Number.NaN),
    };
  }

  begun(index: number, lateMs: number): void {
    this.columns.lateMs[index] = lateMs;
  }

  decided(index: number, decideMs: number, mode: string): void {
    this.columns.decideMs[index] = decideMs;
    this.columns.decidedBy[index] = indexIn(this.#modes, mode);
  }

  ended(index: number, outcome: CallOutcome, more: { bookMs?: number; why?: string } = {}): void {
    this.columns.outcomes[index] = OUTCOMES.indexOf(outcome);
    if (more.bookMs !== undefined) this.columns.bookMs[index] = more.bookMs;
    if (more.why !== undefined) this.columns.whys[index] = indexIn(this.#reasons, more.why);
  }
}

/** How the call `index` ended. */
export function outcomeOf({ outcomes }: CallLogColumns, index: number): CallOutcome {
  return OUTCOMES[outcomes[index] ?? 0] ?? 'pending';
}

/** How long a call waited for the service in all; `NaN` if it was not decided. */
export function waitedMs({ decideMs, bookMs }: CallLogColumns, index: number): number {
  const booked = bookMs[index] ?? Number.NaN;
  return (decideMs[index] ?? Number.NaN) + (Number.isNaN(booked) ? 0 : booked);
}

function indexIn(names: string[], name: string): number {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  if (names.length > NAMES_MAX) return 0;
  return names.push(name) - 1;
}
