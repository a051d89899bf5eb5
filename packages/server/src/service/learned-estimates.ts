/**
 * Learned estimates: what calls without an output cap have used, by tenant, model and feature, and how good all
 * estimates have been.
 *
 * Kept in this process alone, in bounded memory: after a restart, on another server, and for what has not been seen
 * for long, the worst case counts until enough has been seen again. Nothing here is money: an estimate that was too
 * small is booked as overage like any other.
 */
import {
  type Amount,
  learned,
  learnedOutput,
  NOTHING_LEARNED,
  type QuantileSketch,
  type TenantId,
} from '@bursar/core';
import { LRUCache } from 'lru-cache';
import type { OutputBasis, OutputTerms } from './output-terms.ts';

/** Most tenants, models and features together of which something is known. One takes at most 8 kB, mostly 1. */
const KEYS_MAX = 5_000;

/** Whose output is alike. */
export interface OutputKey {
  readonly tenant: TenantId;
  readonly model: string;
  /** The part of the product that asks; `undefined` when the call does not say. */
  readonly feature?: string | undefined;
}

/** The feature that a call is about, by its scopes; of one that is about several, nobody knows which is how long. */
export function featureIn(
  scopes: Readonly<Record<string, string | readonly string[]>> | undefined,
): string | undefined {
  const names = [scopes?.['feature'] ?? []].flat();
  return names.length === 1 ? names[0] : undefined;
}

/** What a call did use, in the end. */
export interface UsedOutput {
  /** As the provider reported it; `undefined` when it is only counted or guessed. */
  readonly reportedTokens: number | undefined;
  readonly held: Amount;
  readonly spent: Amount;
  readonly overage: Amount;
}

/** Upper ends of the classes of `EstimateAccuracy.usedPercent`; one more class is above the last. */
export const USED_PERCENT_ENDS: readonly number[] = [10, 25, 50, 75, 90, 100, 110, 150, 200, 500];

/** How what was held compares with what was settled, since the start of the process. */
export interface EstimateAccuracy {
  /** Calls with an end. */
  settled: number;
  /** Those that cost more than was held. */
  overages: number;
  /** Calls by cost in per cent of what was held, rounded up, in classes that end at `USED_PERCENT_ENDS`. */
  readonly usedPercent: number[];
}

/** What was learned and how good the estimates were, for metrics. */
export interface EstimateCounts {
  /** Answers learned from. */
  learnedFrom: number;
  /** Keys of which something is known at present. */
  readonly keys: number;
  readonly accuracy: Readonly<Record<OutputBasis, Readonly<EstimateAccuracy>>>;
}

/** See above. */
export class LearnedEstimates {
  readonly #isUsed: boolean;
  readonly #known = new LRUCache<string, QuantileSketch>({ max: KEYS_MAX });
  readonly #accuracy = { asked: noAccuracy(), worst: noAccuracy(), learned: noAccuracy() };
  #learnedFrom = 0;

  /** With `isUsed` false it learns, and estimates nothing: to see how good it would be. */
  constructor(options: { readonly isUsed: boolean }) {
    this.#isUsed = options.isUsed;
  }

  get counts(): EstimateCounts {
    const { size: keys } = this.#known;
    return { learnedFrom: this.#learnedFrom, keys, accuracy: this.#accuracy };
  }

  /** The output tokens to set aside for; `undefined` while that is no less than `worst`. */
  outputTokens(key: OutputKey, worst: number): number | undefined {
    const known = this.#isUsed ? this.#known.get(nameOf(key)) : undefined;
    return known && learnedOutput(known, worst);
  }

  /** Learns from a call that has ended. Each is to be told once. */
  onSettled(key: OutputKey, estimated: OutputTerms, used: UsedOutput): void {
    const accuracy = this.#accuracy[estimated.basis];
    accuracy.settled += 1;
    if (used.overage > 0) accuracy.overages += 1;
    const percent = usedPercent(used);
    const end = USED_PERCENT_ENDS.findIndex((last) => percent <= last);
    const index = end === -1 ? USED_PERCENT_ENDS.length : end;
    accuracy.usedPercent[index] = (accuracy.usedPercent[index] ?? 0) + 1;
    // What was capped, by its caller or by us, says nothing about how long it would have been.
    if (estimated.basis === 'asked' || estimated.clamped) return;
    if (used.reportedTokens === undefined) return;
    const name = nameOf(key);
    this.#known.set(name, learned(this.#known.get(name) ?? NOTHING_LEARNED, used.reportedTokens));
    this.#learnedFrom += 1;
  }
}

function noAccuracy(): EstimateAccuracy {
  return { settled: 0, overages: 0, usedPercent: USED_PERCENT_ENDS.map(() => 0).concat(0) };
}

/** Rounded up, so that more than was held is more than 100. What was held nothing for is all of it, or beyond it. */
function usedPercent({ held, spent }: UsedOutput): number {
  if (held === 0) return spent === 0 ? 100 : Infinity;
  return Number((BigInt(spent) * 100n + BigInt(held) - 1n) / BigInt(held));
}

function nameOf({ tenant, model, feature }: OutputKey): string {
  return JSON.stringify([tenant, model, feature ?? null]);
}
