/** What every way to count has to offer. The rules that all of them share are in `decide-limiter.ts`. */
import type { ReservationId } from '../ids.ts';
import type { InstantMs } from '../time.ts';
import type { LimiterAlgorithm, PolicyOf } from './limiter-policy.ts';
import type { StateOf } from './limiter-state.ts';

/** What one call takes from a limiter. */
export interface Take {
  /** 0 … `AMOUNT_MAX`. 0 takes nothing and asks whether anything is left. */
  readonly permits: number;
  /** Who takes; slots are held by it. */
  readonly reservation: ReservationId;
  /** Until when it holds slots at most. */
  readonly deadlineAtMs: InstantMs;
}

/** One way to count. Every function is pure, and none looks at whether something fits. */
export interface Counting<A extends LimiterAlgorithm> {
  /** `state` as it is at `nowMs`, what has run off left out. A clock that went back lets nothing run off. */
  at(policy: PolicyOf<A>, state: StateOf<A> | undefined, nowMs: InstantMs): StateOf<A>;
  /** Permits in use. The state is that of `nowMs`, here and below. */
  used(policy: PolicyOf<A>, state: StateOf<A>, nowMs: InstantMs): number;
  /** With what `take` takes, at least 1. */
  add(policy: PolicyOf<A>, state: StateOf<A>, take: Take, nowMs: InstantMs): StateOf<A>;
  /** Without `permits` of what was taken at `takenAtMs`, as far as they still count and can be told apart. */
  giveBack(
    policy: PolicyOf<A>,
    state: StateOf<A>,
    permits: number,
    takenAtMs: InstantMs,
    nowMs: InstantMs,
  ): StateOf<A>;
  /** When `excess` of the permits in use will have run off, if nothing else is taken. `excess` > 0. */
  freeAtMs(policy: PolicyOf<A>, state: StateOf<A>, excess: number, nowMs: InstantMs): number;
  /** When nothing is in use any more, if nothing else is taken. Something is in use. */
  endsAtMs(policy: PolicyOf<A>, state: StateOf<A>, nowMs: InstantMs): number;
}
