/** What a call costs if it uses all that it may. */
import type { CallTerms, Spent } from '../call-terms.ts';
import { modelBound } from '../model-bound.ts';

/** The bound of a call of `terms`, as a settlement of it. */
export function worstOf(terms: CallTerms): Spent {
  const { model, inputTokens, amountUsd, choices, audio, longCache, serviceTier, otherUnits } =
    terms;
  if (amountUsd !== undefined) return { usage: {}, costUsd: amountUsd, basis: 'estimated' };
  const outputTokens = terms.outputTokensMax ?? choices * modelBound(model);
  const input = longCache ? { cacheWriteLongTokens: inputTokens } : { inputTokens };
  return {
    usage: audio
      ? { audioInputTokens: inputTokens, audioOutputTokens: outputTokens, ...otherUnits }
      : { ...input, outputTokens, ...otherUnits },
    basis: 'estimated',
    serviceTier,
  };
}
