/** `POST /v1/audio/speech`: silence, as long as the text is; as sound, or as events. */
import { missingField } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import { requestedModel } from '../models.ts';
import type { JsonObject } from '../request-fields.ts';
import { readText, startReading } from '../words.ts';

/** A word takes 400 ms, and a token of sound 50 ms. */
const TOKENS_PER_WORD = 8;
/** Bytes of a token of MP3 at 128 kbit/s. */
const BYTES_PER_TOKEN = 800;

export async function answerSpeech(exchange: Exchange, body: JsonObject): Promise<void> {
  requestedModel(body);
  const { input } = body;
  if (typeof input !== 'string' || input === '') throw missingField('input');
  if (body['voice'] === undefined) throw missingField('voice');
  const reading = startReading();
  readText(reading, input);
  exchange.accept(reading.tokens);
  const tokens = exchange.script.outputTokens ?? reading.tokens * TOKENS_PER_WORD;
  if (body['stream_format'] !== 'sse') {
    exchange.generate({ tokens, reasoningTokens: 0 });
    exchange.answerBytes('audio/mpeg', Buffer.alloc(tokens * BYTES_PER_TOKEN), null);
    return;
  }
  exchange.beginStream();
  const audio = Buffer.alloc(BYTES_PER_TOKEN).toString('base64');
  for (let sent = 0; sent < tokens; sent++) {
    await exchange.send(event({ type: 'speech.audio.delta', audio }), 1);
  }
  const usage = exchange.usage();
  const { promptTokens, outputTokens } = exchange.call;
  const reported = {
    input_tokens: promptTokens,
    output_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
  };
  await exchange.send(
    event({ type: 'speech.audio.done', ...(usage === null ? {} : { usage: reported }) }),
  );
  exchange.call.reportedUsage = usage;
  exchange.endStream();
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
