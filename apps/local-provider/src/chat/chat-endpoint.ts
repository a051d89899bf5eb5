/** `POST /v1/chat/completions`. */
import { planAnswer } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { JsonObject } from '../request-fields.ts';
import { completeChat } from './chat-completion.ts';
import { readChatRequest } from './chat-request.ts';
import { streamChat } from './chat-stream.ts';

/** Answers a chat request, streamed or not. */
export async function answerChat(exchange: Exchange, body: JsonObject): Promise<void> {
  const request = readChatRequest(body);
  exchange.accept(request.promptTokens);
  const answer = planAnswer(request.content, request.tokensMax, exchange.script);
  if (request.streams) await streamChat(exchange, request, answer);
  else completeChat(exchange, request, answer);
}
