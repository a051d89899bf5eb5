/**
 * Learned output: how long answers that nobody capped have been, as an estimate of the next one.
 *
 * What is known of too few answers is not relied upon: until then the worst case counts. What is learned is never
 * above it. Old answers fade, so that a changed product is followed.
 */
import { counted, EMPTY_SKETCH, halved, quantile, type QuantileSketch } from './quantile-sketch.ts';

/** Answers before what is learned counts: fewer say nothing about one in a hundred. */
export const LEARNED_FROM = 50;
/** Answers at which the older ones are thinned out to half. */
export const LEARNED_UP_TO = 1_000;
/** The part of all answers, in thousandths, that is to be no longer than estimated. */
export const LEARNED_PER_MILLE = 990;

/** Nothing learned yet. */
export const NOTHING_LEARNED: QuantileSketch = EMPTY_SKETCH;

/** What is known after another answer of `outputTokens`, a whole number from 0. */
export function learned(known: QuantileSketch, outputTokens: number): QuantileSketch {
  return counted(known.total >= LEARNED_UP_TO ? halved(known) : known, outputTokens);
}

/** The output tokens to set aside for; `undefined` while too little is known to say less than `worst`. */
export function learnedOutput(known: QuantileSketch, worst: number): number | undefined {
  if (known.total < LEARNED_FROM) return undefined;
  const tokens = quantile(known, LEARNED_PER_MILLE);
  return tokens < worst ? tokens : undefined;
}
