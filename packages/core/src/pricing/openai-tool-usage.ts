/**
 * Hosted tools that OpenAI charges by the call, read from a whole response.
 *
 * Web searches are counted in `tool_usage`; file searches are not counted anywhere and are the output
 * items of that kind. Image generation inside a response is charged at the price of another model and is
 * not read here. Source: `resources/responses/responses.d.ts` of openai 7.57.0, read 2026-11-23.
 */
import { UNITS_MAX, type Usage } from './usage.ts';

/** The tool calls in the body of an OpenAI response; empty when it has none. */
export function toolUsageFromOpenAi(response: unknown): Usage {
  const output = fieldOf(response, 'output');
  const items: readonly unknown[] = Array.isArray(output) ? output : [];
  const reported = fieldOf(fieldOf(fieldOf(response, 'tool_usage'), 'web_search'), 'num_requests');
  const webSearchCalls = isCount(reported) ? reported : itemsOf(items, 'web_search_call');
  const fileSearchCalls = itemsOf(items, 'file_search_call');
  return {
    ...(webSearchCalls > 0 && { webSearchCalls }),
    ...(fileSearchCalls > 0 && { fileSearchCalls }),
  };
}

function itemsOf(items: readonly unknown[], type: string): number {
  return items.filter((item) => fieldOf(item, 'type') === type).length;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= UNITS_MAX;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
