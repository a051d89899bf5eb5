/** What Bursar said about each call: what it set aside, what it booked, and how it knew. */
import type { CallHooks } from '@bursar/client';
import { callCost } from '../money/call-cost.ts';
import { modelPrice } from '../money/model-prices.ts';
import { parseUsd } from '../money/nano-usd.ts';
import type { Person } from './person.ts';

type Settled = Parameters<NonNullable<CallHooks['onSettled']>>[1];

/** One call. */
export interface CallNote {
  readonly person: Person;
  readonly model: string;
  /** Set aside before the call, nano-USD. */
  readonly heldNanoUsd: bigint;
  /** Who pays: the service out of its budgets, or the person with a key of their own. */
  readonly source: 'service' | 'own_key';
  /** The cap on output tokens that Bursar set, if the call did not fit with its own. */
  readonly clampedTo: number | undefined;
  /** Booked after it, once it is. */
  settled?: {
    readonly nanoUsd: bigint;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly basis: Settled['basis'];
    /** Whether plain input and output is all there was; OpenAI may take a prompt from its cache. */
    readonly isPlain: boolean;
  };
}

/** Notes of every call that was allowed, in order. */
export class CallNotes {
  readonly #notes = new Map<string, CallNote>();

  /** Hooks that take notes of the calls of `person`. */
  hooksFor(person: Person): CallHooks {
    return {
      onDecision: (call, decision) => {
        if (decision.decision === 'denied') return;
        const heldNanoUsd = parseUsd(decision.heldUsd);
        const { funding, clamped, outputTokensMax } = decision;
        this.#notes.set(call.reservation, {
          person,
          model: call.model,
          heldNanoUsd,
          source: funding.source,
          clampedTo: clamped ? (outputTokensMax ?? undefined) : undefined,
        });
      },
      onSettled: (call, { costUsd, usage, basis }) => {
        const note = this.#notes.get(call.reservation);
        if (note === undefined) return;
        const { inputTokens = 0, outputTokens = 0, ...others } = usage;
        const isPlain = Object.values(others).every((tokens) => (tokens ?? 0) === 0);
        note.settled = { nanoUsd: parseUsd(costUsd), inputTokens, outputTokens, basis, isPlain };
      },
    };
  }

  /** The calls of `person`, or of all. */
  of(person?: Person): readonly CallNote[] {
    const notes = [...this.#notes.values()];
    return person === undefined ? notes : notes.filter((note) => note.person === person);
  }

  /** The latest call of `person`. */
  latest(person: Person): CallNote {
    const note = this.of(person).at(-1);
    if (note === undefined) throw new Error(`${person} has made no call yet`);
    return note;
  }
}

/** Plain calls that were not settled at what their tokens cost by the demo's own price list. */
export function mispricedIn(notes: readonly CallNote[]): readonly CallNote[] {
  return notes.filter(({ model, settled }) => {
    if (settled === undefined || !settled.isPlain) return false;
    const price = modelPrice(model);
    return price === undefined || settled.nanoUsd !== callCost(settled, price);
  });
}

/** What was booked for the calls of `notes`, in nano-USD. */
export function bookedIn(notes: readonly CallNote[]): bigint {
  return notes.reduce((sum, { settled }) => sum + (settled?.nanoUsd ?? 0n), 0n);
}

/** Those that `source` pays for. */
export function paidBy(
  source: CallNote['source'],
  notes: readonly CallNote[],
): readonly CallNote[] {
  return notes.filter((note) => note.source === source);
}

/** Whether the provider said what the call used; otherwise somebody counted. */
export function isReported({ settled }: CallNote): boolean {
  return settled?.basis === 'reported';
}
