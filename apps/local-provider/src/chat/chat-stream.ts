/**
 * A chat completion as server-sent events: a chunk that opens each choice, one per token, one
 * with the finish reason, the usage when asked for, and `[DONE]`. Choices take turns.
 */
import type { Answer } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { answeredModel } from '../models.ts';
import { chatUsage } from '../token-usage.ts';
import { finishReason, SYSTEM_FINGERPRINT } from './chat-completion.ts';
import type { ChatRequest } from './chat-request.ts';

/** Streams `answer` as every choice of the request. */
export async function streamChat(
  exchange: Exchange,
  request: ChatRequest,
  answer: Answer,
): Promise<void> {
  const chunk = chunkWriter(exchange, request);
  const reasoningTokens = request.choices * answer.reasoningTokens;
  exchange.beginStream();
  exchange.generate({ tokens: reasoningTokens, reasoningTokens });
  for (let index = 0; index < request.choices; index++) {
    await exchange.send(chunk(choice(index, openingDelta(exchange, request))));
  }
  await sendTokens(exchange, request, answer, chunk);
  for (let index = 0; index < request.choices; index++) {
    await exchange.send(chunk(choice(index, {}, finishReason(request, answer))));
  }
  if (request.includesUsage) await sendUsage(exchange, chunk);
  exchange.endStream('data: [DONE]\n\n');
}

type ChunkWriter = (choices: string, usage?: object) => string;

async function sendTokens(
  exchange: Exchange,
  request: ChatRequest,
  answer: Answer,
  chunk: ChunkWriter,
): Promise<void> {
  const sent = Array.from({ length: request.choices }, () => 0);
  while (sent.some((tokens) => tokens < answer.visibleTokens)) {
    for (const [index, from] of sent.entries()) {
      const to = Math.min(from + exchange.chunkTokensMax, answer.visibleTokens);
      if (to === from) continue;
      sent[index] = to;
      const delta = tokenDelta(request, answer.slice(from, to));
      await exchange.send(chunk(choice(index, delta)), to - from);
    }
  }
}

async function sendUsage(exchange: Exchange, chunk: ChunkWriter): Promise<void> {
  const usage = exchange.usage();
  if (usage === null) return;
  await exchange.send(chunk('', chatUsage(usage)));
  exchange.call.reportedUsage = usage;
}

/** Writes everything that chunks share once, because a long stream has as many chunks as tokens. */
function chunkWriter(exchange: Exchange, request: ChatRequest): ChunkWriter {
  const shared = JSON.stringify({
    id: exchange.newId('chatcmpl-'),
    object: 'chat.completion.chunk',
    created: Math.floor(exchange.call.arrivedAtMs / 1000),
    model: answeredModel(request.model),
    service_tier: request.serviceTier,
    system_fingerprint: SYSTEM_FINGERPRINT,
  }).slice(0, -1);
  const noUsage = request.includesUsage ? ',"usage":null' : '';
  return (choices, usage) => {
    const usageField = usage === undefined ? noUsage : `,"usage":${JSON.stringify(usage)}`;
    return `data: ${shared},"choices":[${choices}]${usageField}}\n\n`;
  };
}

function choice(index: number, delta: object, reason: string | null = null): string {
  return JSON.stringify({ index, delta, logprobs: null, finish_reason: reason });
}

function openingDelta(exchange: Exchange, request: ChatRequest): object {
  if (request.toolName === null) return { role: 'assistant', content: '', refusal: null };
  const toolCall = {
    index: 0,
    id: exchange.newId('call_'),
    type: 'function',
    function: { name: request.toolName, arguments: '' },
  };
  return { role: 'assistant', content: null, tool_calls: [toolCall], refusal: null };
}

function tokenDelta(request: ChatRequest, text: string): object {
  if (request.toolName === null) return { content: text };
  return { tool_calls: [{ index: 0, function: { arguments: text } }] };
}
