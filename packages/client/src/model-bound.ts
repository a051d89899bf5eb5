/** The most that a model can produce. In a file of its own, because it is a table that few calls need. */
import { OUTPUT_TOKENS_FALLBACK, outputTokensBound } from '@bursar/core';

/** The most output tokens of one answer of `model`, or of any model if that is not known. */
export function modelBound(model: string): number {
  return outputTokensBound(model) ?? OUTPUT_TOKENS_FALLBACK;
}
