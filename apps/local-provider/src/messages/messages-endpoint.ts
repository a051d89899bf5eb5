/** `POST /v1/messages` and `POST /v1/messages/count_tokens`, as Anthropic has them. */
import { type Answer, outputTokens, planAnswer, wholeText } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { JsonObject } from '../request-fields.ts';
import { type MessagesRequest, readMessagesRequest, tokensMax } from './messages-request.ts';

/** Answers a message, streamed or not. */
export async function answerMessages(exchange: Exchange, body: JsonObject): Promise<void> {
  const request = readMessagesRequest(body);
  const max = tokensMax(body);
  exchange.accept(request.promptTokens);
  const answer = planAnswer(request.content, max, exchange.script);
  if (request.streams) await streamMessage(exchange, request, answer);
  else wholeMessage(exchange, request, answer);
}

/** Counts the input; it is no work for a model, and costs nothing. */
export function countTokens(exchange: Exchange, body: JsonObject): void {
  exchange.answer({ input_tokens: readMessagesRequest(body).promptTokens }, null);
}

function wholeMessage(exchange: Exchange, request: MessagesRequest, answer: Answer): void {
  const { reasoningTokens } = answer;
  exchange.generate({ tokens: outputTokens(answer), reasoningTokens });
  const text = wholeText(answer);
  const block =
    request.toolName === null
      ? { type: 'text', text, citations: null }
      : { ...toolBlock(exchange, request.toolName), input: JSON.parse(text) as unknown };
  const usage = exchange.usage();
  const message = {
    ...openMessage(exchange, request),
    content: [block],
    stop_reason: stopReason(request, answer),
    ...(usage === null ? { usage: null } : { usage: usageOf(exchange, request) }),
  };
  exchange.answer(message, usage);
}

async function streamMessage(
  exchange: Exchange,
  request: MessagesRequest,
  answer: Answer,
): Promise<void> {
  const { reasoningTokens } = answer;
  const { reportsUsage } = exchange.script;
  exchange.beginStream();
  const opening = usageOf(exchange, request);
  const message = {
    ...openMessage(exchange, request),
    content: [],
    stop_reason: null,
    // The first token is reported at once; the last event has the true number.
    usage: reportsUsage ? { ...opening, output_tokens: 1 } : null,
  };
  await exchange.send(event('message_start', { message }));
  exchange.generate({ tokens: reasoningTokens, reasoningTokens });
  const block =
    request.toolName === null
      ? { type: 'text', text: '' }
      : { ...toolBlock(exchange, request.toolName), input: {} };
  await exchange.send(event('content_block_start', { index: 0, content_block: block }));
  await exchange.send(event('ping', {}));
  for (let from = 0, to; from < answer.visibleTokens; from = to) {
    to = Math.min(from + exchange.chunkTokensMax, answer.visibleTokens);
    const text = answer.slice(from, to);
    const delta =
      request.toolName === null
        ? { type: 'text_delta', text }
        : { type: 'input_json_delta', partial_json: text };
    await exchange.send(event('content_block_delta', { index: 0, delta }), to - from);
  }
  await exchange.send(event('content_block_stop', { index: 0 }));
  const { output_tokens, output_tokens_details } = usageOf(exchange, request);
  await exchange.send(
    event('message_delta', {
      delta: { stop_reason: stopReason(request, answer), stop_sequence: null },
      usage: reportsUsage ? { output_tokens, output_tokens_details } : null,
    }),
  );
  exchange.call.reportedUsage = exchange.usage();
  exchange.endStream(event('message_stop', {}));
}

function openMessage(exchange: Exchange, { model }: MessagesRequest): object {
  return {
    id: exchange.newId('msg_'),
    type: 'message',
    role: 'assistant',
    model,
    stop_sequence: null,
  };
}

function toolBlock(exchange: Exchange, name: string): object {
  return { type: 'tool_use', id: exchange.newId('toolu_'), name };
}

function stopReason(request: MessagesRequest, answer: Answer): string {
  if (answer.isCut) return 'max_tokens';
  return request.toolName === null ? 'end_turn' : 'tool_use';
}

/** Anthropic's `input_tokens` are those that were neither read from the cache nor written to it. */
function usageOf(exchange: Exchange, request: MessagesRequest) {
  const { promptTokens, cachedTokens, outputTokens, reasoningTokens } = exchange.call;
  const written = Math.min(exchange.script.writtenTokens, promptTokens - cachedTokens);
  const long = request.cachesLong ? written : 0;
  return {
    input_tokens: promptTokens - cachedTokens - written,
    cache_read_input_tokens: cachedTokens,
    cache_creation_input_tokens: written,
    cache_creation: { ephemeral_5m_input_tokens: written - long, ephemeral_1h_input_tokens: long },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: reasoningTokens },
    service_tier: 'standard',
  };
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}
