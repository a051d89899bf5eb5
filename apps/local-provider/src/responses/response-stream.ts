/** `POST /v1/responses` as server-sent events, in the order in which OpenAI sends them. */
import { type Answer, wholeText } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { TokenUsage } from '../token-usage.ts';
import {
  finalStatus,
  finishedResponse,
  messageItem,
  openResponse,
  type ResponseIdentity,
  textPart,
} from './response-object.ts';

/**
 * Streams `answer`; returns the finished response. Given the usage that was reported of it before, it is streamed once
 * more, from the event after `after` on, and billed to nobody.
 */
export async function streamResponse(
  exchange: Exchange,
  identity: ResponseIdentity,
  answer: Answer,
  again?: { readonly usage: TokenUsage | null; readonly after: number },
): Promise<{ readonly body: object; readonly usage: TokenUsage | null }> {
  const reasoningTokens = again === undefined ? answer.reasoningTokens : 0;
  const write = eventWriter(again?.after);
  const item = { item_id: identity.messageId, output_index: 0 };
  const part = { ...item, content_index: 0 };
  const text = wholeText(answer);
  exchange.beginStream();
  exchange.generate({ tokens: reasoningTokens, reasoningTokens });

  const open = openResponse(identity, 'in_progress');
  await exchange.send(write('response.created', { response: open }));
  await exchange.send(write('response.in_progress', { response: open }));
  const openItem = messageItem(identity, 'in_progress', []);
  await exchange.send(write('response.output_item.added', { output_index: 0, item: openItem }));
  await exchange.send(write('response.content_part.added', { ...part, part: textPart('') }));
  for (let from = 0, to; from < answer.visibleTokens; from = to) {
    to = Math.min(from + exchange.chunkTokensMax, answer.visibleTokens);
    const delta = { ...part, delta: answer.slice(from, to), logprobs: [] };
    const event = write('response.output_text.delta', delta);
    await exchange.send(event, to - from, again === undefined);
  }
  await exchange.send(write('response.output_text.done', { ...part, text, logprobs: [] }));
  await exchange.send(write('response.content_part.done', { ...part, part: textPart(text) }));
  const doneItem = messageItem(identity, finalStatus(answer), [textPart(text)]);
  await exchange.send(write('response.output_item.done', { output_index: 0, item: doneItem }));

  const usage = again === undefined ? exchange.usage() : again.usage;
  const body = finishedResponse(identity, answer, { text, usage });
  await exchange.send(write(`response.${finalStatus(answer)}`, { response: body }));
  exchange.call.reportedUsage = usage;
  exchange.endStream();
  return { body, usage };
}

/** Writes events with their names, numbered from 0; nothing of those up to `after`. */
function eventWriter(after = -1): (type: string, fields: object) => string {
  let sequenceNumber = 0;
  return (type, fields) => {
    const event = { type, sequence_number: sequenceNumber++, ...fields };
    return event.sequence_number <= after
      ? ''
      : `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  };
}
