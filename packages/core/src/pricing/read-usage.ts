/**
 * What a whole answer of a provider says it used, whatever the provider: tokens, hosted tools and service
 * tier, in one reading.
 */
import { readAnthropicUsage } from './anthropic-usage.ts';
import { readGenericUsage } from './generic-usage.ts';
import { readGoogleUsage, webSearchesOfGoogle } from './google-usage.ts';
import { toolUsageFromOpenAi } from './openai-tool-usage.ts';
import { readOpenAiUsage, serviceTierOfOpenAi } from './openai-usage.ts';
import { reportOf, type UsageReading, type UsageStyle } from './usage-reading.ts';
import { addUsage, type Usage } from './usage.ts';

/** Reads `answer`, the parsed body of a whole answer, in the style of a provider. */
export function readUsage(style: UsageStyle, answer: unknown): UsageReading {
  const body = reportOf(answer);
  switch (style) {
    case 'openai': {
      const reading = readOpenAiUsage(body['usage']);
      const serviceTier = serviceTierOfOpenAi(body);
      return { ...withTools(reading, toolUsageFromOpenAi(body)), serviceTier };
    }
    case 'anthropic':
      return readAnthropicUsage(body['usage']);
    case 'google': {
      const searches = webSearchesOfGoogle(body);
      const reading = readGoogleUsage(body['usageMetadata']);
      return withTools(reading, searches === 0 ? {} : { webSearchCalls: searches });
    }
    case 'generic':
      return readGenericUsage(body['usage']);
  }
}

function withTools(reading: UsageReading, tools: Usage): UsageReading {
  return reading.usage === undefined
    ? reading
    : { ...reading, usage: addUsage(reading.usage, tools) };
}
