/** The AI SDK's usage reports, in disjoint classes. */
import { readAnthropicUsage, type Usage, utf8Bytes } from '@bursar/core';
import { bookableModel } from '../http/model-name.ts';
import { isObject } from '../http/json-fields.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { WorkCost } from '../metered-work.ts';
import type { AiUsage } from './ai-types.ts';
import type { CallSize } from './call-size.ts';

/** What a call cost: as reported, or else as `unsaid` says. */
export function spentOf(
  usage: AiUsage | undefined,
  unsaid: () => Usage,
  answeredBy: string | undefined,
): WorkCost {
  const reported = usage && reportedIn(usage);
  const model = bookableModel(answeredBy);
  return {
    ...(reported === undefined
      ? { usage: unsaid(), basis: 'counted' as const }
      : { usage: reported, basis: 'reported' as const }),
    ...(model === undefined ? {} : { answeredBy: model }),
  };
}

/** What `content` and the input of a call come to, counted. */
export function counted(content: unknown, { inputTokensExpected }: CallSize): Usage {
  const outputTokens = expectedTextTokens(utf8Bytes(JSON.stringify(content)));
  return { inputTokens: inputTokensExpected, outputTokens };
}

function reportedIn({ inputTokens, outputTokens, raw }: AiUsage): Usage | undefined {
  // How long what was written to the cache is kept, Anthropic's own report says alone.
  if (isObject(raw) && 'cache_creation' in raw) {
    const { usage } = readAnthropicUsage(raw);
    if (usage !== undefined) return usage;
  }
  if (inputTokens.total === undefined && outputTokens.total === undefined) return undefined;
  const { cacheRead = 0, cacheWrite = 0 } = inputTokens;
  const { reasoning = 0 } = outputTokens;
  const total = Math.max(inputTokens.total ?? 0, cacheRead + cacheWrite);
  const output = Math.max(outputTokens.total ?? 0, reasoning);
  return {
    inputTokens: total - cacheRead - cacheWrite,
    cachedInputTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    outputTokens: output - reasoning,
    reasoningTokens: reasoning,
  };
}
