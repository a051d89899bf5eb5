/**
 * The limits that a connection has been told of, and which calls are subject to which: learned from answers.
 *
 * Bounded: what went unused longest is forgotten, and learned anew.
 */
import type { RateView } from '@bursar/api';
import type { Gate } from './gate.ts';
import { RateGate } from './rate-gate.ts';
import { SlotGate } from './slot-gate.ts';

/** Lanes, and scopes with limits, that are remembered. */
export const REMEMBERED_MAX = 10_000;

/** Calls with the same scopes: all of them are subject to the same limits. */
export interface Lane {
  /** By which of its scopes a limit can be known already: `kind/name`. */
  readonly scopes: readonly string[];
  /** Whether an answer has said which limits hold: until then calls ask one at a time. */
  learned: 'no' | 'asking' | 'yes';
  gates: ReadonlySet<LimitGate>;
}

/** A gate, and what its limit counts. */
export interface LimitGate {
  readonly gate: Gate;
  readonly counts: RateView['counts'];
  readonly isOfSlots: boolean;
}

/** A scope as text; no two scopes are the same. */
export function scopeKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}

/** What is known of limits. */
export class KnownLimits {
  readonly #lanes = new Map<string, Lane>();
  /** By scope, then by the name of the rule. */
  readonly #gates = new Map<string, Map<string, LimitGate>>();

  /** The lane of calls with `scopes`. A new one begins with the limits that are known of its scopes. */
  laneOf(scopes: readonly string[]): Lane {
    return remembered(this.#lanes, JSON.stringify(scopes), () => ({
      scopes,
      learned: 'no',
      gates: new Set(scopes.flatMap((scope) => [...(this.#gates.get(scope)?.values() ?? [])])),
    }));
  }

  /** What is known of the limit that `rate` is about. */
  gateOf({ scope, name, counts, windowMs }: RateView): LimitGate {
    const key = scopeKey(scope.kind, scope.name);
    const gates = remembered(this.#gates, key, () => new Map<string, LimitGate>());
    const known = gates.get(name);
    const isOfSlots = windowMs === null;
    // A changed rule of the same name is learned anew.
    if (known?.counts === counts && known.isOfSlots === isOfSlots) return known;
    const gate = { gate: isOfSlots ? new SlotGate() : new RateGate(), counts, isOfSlots };
    gates.set(name, gate);
    return gate;
  }
}

/** What is kept under `key`, made anew if nothing is. */
function remembered<Value>(values: Map<string, Value>, key: string, make: () => Value): Value {
  const value = values.get(key) ?? make();
  // The order of a map is that of insertion; so it becomes the order of use.
  values.delete(key);
  values.set(key, value);
  if (values.size > REMEMBERED_MAX) {
    const [oldest] = values.keys();
    if (oldest !== undefined) values.delete(oldest);
  }
  return value;
}
