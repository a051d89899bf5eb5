/** A chat completion in one piece. */
import { type Answer, outputTokens, wholeText } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { answeredModel } from '../models.ts';
import { chatUsage } from '../token-usage.ts';
import type { ChatRequest } from './chat-request.ts';

/** OpenAI's mark for a backend configuration; constant here. */
export const SYSTEM_FINGERPRINT = 'fp_local_provider';

/** Why a choice ended, in OpenAI's words. */
export function finishReason(request: ChatRequest, answer: Answer): string {
  if (answer.isCut) return 'length';
  return request.toolName === null ? 'stop' : 'tool_calls';
}

/** Answers with the whole completion. */
export function completeChat(exchange: Exchange, request: ChatRequest, answer: Answer): void {
  exchange.generate({
    tokens: request.choices * outputTokens(answer),
    reasoningTokens: request.choices * answer.reasoningTokens,
  });
  const usage = exchange.usage();
  const choices = Array.from({ length: request.choices }, (_, index) => ({
    index,
    message: message(exchange, request, answer),
    logprobs: null,
    finish_reason: finishReason(request, answer),
  }));
  const completion = {
    id: exchange.newId('chatcmpl-'),
    object: 'chat.completion',
    created: Math.floor(exchange.call.arrivedAtMs / 1000),
    model: answeredModel(request.model),
    choices,
    ...(usage === null ? {} : { usage: chatUsage(usage) }),
    service_tier: request.serviceTier,
    system_fingerprint: SYSTEM_FINGERPRINT,
  };
  exchange.answer(completion, usage);
}

function message(exchange: Exchange, request: ChatRequest, answer: Answer): object {
  const text = wholeText(answer);
  const common = { role: 'assistant', refusal: null, annotations: [] };
  if (request.toolName === null) return { ...common, content: text };
  const toolCall = {
    id: exchange.newId('call_'),
    type: 'function',
    function: { name: request.toolName, arguments: text },
  };
  return { ...common, content: null, tool_calls: [toolCall] };
}
