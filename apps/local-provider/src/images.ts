/**
 * `POST /v1/images/generations`, `/v1/images/edits` and `/v1/images/variations`. Models that are charged by the piece
 * report nothing.
 */
import { missingField } from './api-error.ts';
import type { Exchange } from './exchange.ts';
import { requestedModel } from './models.ts';
import type { JsonObject } from './request-fields.ts';
import type { TokenUsage } from './token-usage.ts';
import { readText, startReading } from './words.ts';

/** One transparent pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
/** Tokens of one square image, by quality. OpenAI's image guide, read 2026-11-30. */
const IMAGE_TOKENS: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160 };
/** Tokens of an image that goes in, here. */
const INPUT_IMAGE_TOKENS = 194;

/** Answers with `n` images, or streams one. `kind` names the events. */
export async function answerImages(
  exchange: Exchange,
  body: JsonObject,
  kind: 'image_generation' | 'image_edit',
): Promise<void> {
  const model = requestedModel(body);
  const { prompt } = body;
  if (typeof prompt !== 'string' || prompt === '') throw missingField('prompt');
  const reading = startReading();
  readText(reading, prompt);
  const imageTokens = countOf(body['#files']) * INPUT_IMAGE_TOKENS;
  const images = Math.max(1, countOf(body['n']));
  const asked = String(body['quality']);
  const quality = asked in IMAGE_TOKENS ? asked : 'medium';
  exchange.accept(reading.tokens + imageTokens);
  const tokens = images * (exchange.script.outputTokens ?? IMAGE_TOKENS[quality] ?? 0);
  exchange.generate({ tokens, reasoningTokens: 0 });
  const usage = exchange.usage();
  const shared = { background: 'opaque', output_format: 'png', quality, size: '1024x1024' };
  const created = Math.floor(exchange.call.arrivedAtMs / 1000);
  if (model.startsWith('dall-e-')) {
    exchange.answer({ created, data: pixels(images) }, null);
    return;
  }
  const reported = usage === null ? {} : { usage: imageUsage(usage, imageTokens) };
  if (String(body['stream']) !== 'true') {
    exchange.answer({ created, data: pixels(images), ...shared, ...reported }, usage);
    return;
  }
  exchange.beginStream();
  const write = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, created_at: created, b64_json: PIXEL, ...shared, ...fields })}\n\n`;
  for (let at = 0; at < countOf(body['partial_images']); at++) {
    await exchange.send(write(`${kind}.partial_image`, { partial_image_index: at }));
  }
  await exchange.send(write(`${kind}.completed`, reported), 1);
  exchange.call.outputTokens -= 1;
  exchange.call.reportedUsage = usage;
  exchange.endStream();
}

/** Answers with `n` images like the one that was sent. */
export function answerVariations(exchange: Exchange, body: JsonObject): void {
  if (body['model'] !== undefined) requestedModel(body);
  if (countOf(body['#files']) === 0) throw missingField('image');
  exchange.accept(0);
  const created = Math.floor(exchange.call.arrivedAtMs / 1000);
  exchange.answer({ created, data: pixels(Math.max(1, countOf(body['n']))) }, null);
}

function pixels(count: number): readonly object[] {
  return Array.from({ length: count }, () => ({ b64_json: PIXEL }));
}

function imageUsage({ promptTokens, outputTokens }: TokenUsage, imageTokens: number): object {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { text_tokens: promptTokens - imageTokens, image_tokens: imageTokens },
    output_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
  };
}

/** A count, which a form has as text. */
function countOf(value: unknown): number {
  return Number(value ?? 0) || 0;
}
