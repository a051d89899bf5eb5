/** `POST /v1/audio/transcriptions` and `/v1/audio/translations`: words, as many as the sound is long. */
import { planAnswer, wholeText } from '../answer.ts';
import { missingField } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import { requestedModel } from '../models.ts';
import type { JsonObject } from '../request-fields.ts';
import { readText, startReading } from '../words.ts';

/** Bytes of a token of sound, 100 ms at 64 kbit/s. */
const BYTES_PER_TOKEN = 800;

export async function answerTranscription(exchange: Exchange, body: JsonObject): Promise<void> {
  const model = requestedModel(body);
  const bytes = Number(body['#fileBytes'] ?? 0);
  if (bytes === 0) throw missingField('file');
  const reading = startReading();
  if (typeof body['prompt'] === 'string') readText(reading, body['prompt']);
  const audioTokens = Math.ceil(bytes / BYTES_PER_TOKEN);
  exchange.accept(reading.tokens + audioTokens);
  const answer = planAnswer({ kind: 'text', seed: audioTokens }, null, exchange.script);
  const text = wholeText(answer);
  const usageOf = (): object => {
    const { promptTokens, outputTokens } = exchange.call;
    if (model.startsWith('whisper')) return { type: 'duration', seconds: audioTokens / 10 };
    return {
      type: 'tokens',
      input_tokens: promptTokens,
      input_token_details: { text_tokens: promptTokens - audioTokens, audio_tokens: audioTokens },
      output_tokens: outputTokens,
      total_tokens: promptTokens + outputTokens,
    };
  };
  if (String(body['stream']) === 'true') {
    exchange.beginStream();
    for (let from = 0, to; from < answer.visibleTokens; from = to) {
      to = Math.min(from + exchange.chunkTokensMax, answer.visibleTokens);
      const delta = answer.slice(from, to);
      await exchange.send(event({ type: 'transcript.text.delta', delta }), to - from);
    }
    const usage = exchange.usage();
    const reported = usage === null ? {} : { usage: usageOf() };
    await exchange.send(event({ type: 'transcript.text.done', text, ...reported }));
    exchange.call.reportedUsage = usage;
    exchange.endStream();
    return;
  }
  exchange.generate({ tokens: answer.visibleTokens, reasoningTokens: 0 });
  if (['text', 'srt', 'vtt'].includes(String(body['response_format']))) {
    exchange.answerBytes('text/plain; charset=utf-8', Buffer.from(text), null);
    return;
  }
  const usage = exchange.usage();
  exchange.answer({ text, ...(usage === null ? {} : { usage: usageOf() }) }, usage);
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
