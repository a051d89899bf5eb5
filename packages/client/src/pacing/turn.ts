/** One call on its way through the line: what it asks for, what it took, and who waits for it. */
import type { Denied } from '@bursar/api';
import { type CallSize, permitsExpected } from './call-size.ts';
import type { Lane, LimitGate } from './known-limits.ts';
import { type Pace, type PaceOptions, paceOf } from './pace-options.ts';
import type { InLine, Priority } from './waiting-line.ts';

/** A call that is to be paced. */
export interface CallToPace extends CallSize {
  readonly user: string;
  readonly model: string;
  /** What else it is charged to, by kind. */
  readonly scopes: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Calls of a batch, if it is one: no tokens are taken for them. */
  readonly many?: object | undefined;
  readonly pace: true | PaceOptions;
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** Its way. */
export class Turn implements InLine {
  readonly call: CallToPace;
  readonly pace: Pace;
  readonly size: CallSize;
  readonly lane: Lane;
  readonly place: number;
  readonly priority: Priority;
  readonly cameAtMs: number;
  /** When it has waited long enough. */
  readonly deadlineMs: number;
  /** Permits that it is asking for, by limit. */
  readonly asking = new Map<LimitGate, number>();
  /** Permits that it took, by limit. */
  readonly taken = new Map<LimitGate, number>();
  /** The last refusal, if there was one. */
  denied: Denied | undefined;
  /** It may ask now. */
  go: () => void = () => {};
  /** It is not going to. */
  fail: (reason: unknown) => void = () => {};

  /** Throws `input_invalid`, naming the option of `pace`. */
  constructor(call: CallToPace, lane: Lane, place: number, nowMs: number) {
    this.call = call;
    this.pace = paceOf(call.pace);
    this.size = call.many === undefined ? call : { ...call, inputTokens: 0, outputTokensMax: 0 };
    this.lane = lane;
    this.place = place;
    this.priority = this.pace.priority;
    this.cameAtMs = nowMs;
    this.deadlineMs = nowMs + this.pace.waitMsMax;
  }

  /** What it is going to take from a limit. */
  permits({ gate, counts }: LimitGate): number {
    return permitsExpected(counts, this.size, gate.takenLast);
  }
}
