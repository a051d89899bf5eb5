/**
 * Assertions: the channel for bugs. Decisions are values and operating errors are `BursarError`s; what
 * arrives here means that Bursar itself is wrong, so it is counted, never retried and never shown in detail.
 */

/** A rule of Bursar's own that did not hold. Answered as `invariant_violated`. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws `InvariantViolation` unless `condition` holds. `message` must contain no user data. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** For the branch that the types rule out. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable: ${String(value).slice(0, 80)}`);
}
