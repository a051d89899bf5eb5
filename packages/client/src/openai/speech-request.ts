/**
 * Speech. Where it is charged by the characters of its text, those are known. Where it is charged by tokens, only a
 * stream of events says how many; sound as such says nothing, so that they are estimated by the text that is spoken,
 * as soon as it begins to come.
 */
import { textTokensUpperBound, usageFromOpenAi, utf8Bytes } from '@bursar/core';
import type { HttpRequest } from '../http/http-request.ts';
import { fieldOf } from '../http/json-fields.ts';
import { contentTypeOf } from '../http/metered-answer.ts';
import type { ModelRequest, ReadRequest } from '../http/provider-api.ts';
import { modelIn, requestFields } from '../http/request-fields.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { Spent } from '../call-terms.ts';
import { PlainStream } from './plain-stream.ts';

/**
 * Tokens of sound for each UTF-8 byte of text. A second of speech is 20 tokens, and 13 to 15 letters of English or
 * 5 to 6 syllables of Korean, of three bytes each; read slowly, half of that.
 */
const TOKENS_PER_BYTE = 1.4;
const TOKENS_PER_BYTE_MAX = 3;

/** The request in `http`. Throws `input_invalid` for what cannot be priced. */
export async function readSpeech(http: HttpRequest): Promise<ReadRequest> {
  const fields = await requestFields(http);
  const spoken = fields.text('input');
  const spokenBytes = utf8Bytes(spoken);
  const otherUnits = { textCharacters: charactersIn(spoken) };
  const speed = Number(fields.text('speed')) || 1;
  const soundTokens = (perByte: number): number =>
    Math.ceil((spokenBytes * perByte) / Math.min(Math.max(speed, 0.25), 4));
  const request: ModelRequest = {
    model: modelIn(fields),
    inputTokensMax: textTokensUpperBound(fields.textBytes),
    inputTokensExpected: expectedTextTokens(spokenBytes + utf8Bytes(fields.text('instructions'))),
    outputTokensMax: soundTokens(TOKENS_PER_BYTE_MAX),
    choices: 1,
    // Their sound has the price of their output, and no other.
    audio: false,
    longCache: false,
    serviceTier: undefined,
    otherUnits,
    otherUnitsUnseen: otherUnits,
    streams: fields.text('stream_format') === 'sse',
    text: fields.json,
  };
  const guess: Spent = {
    usage: {
      inputTokens: request.inputTokensExpected,
      outputTokens: soundTokens(TOKENS_PER_BYTE),
    },
    otherUnits,
    basis: 'estimated',
  };
  return {
    request,
    mayBeUnpriced: true,
    spentBy: () => guess,
    spentAtOnce: (response) =>
      contentTypeOf(response).includes('text/event-stream') ? undefined : guess,
    readStream: () =>
      new PlainStream({
        spentBy: (event) => {
          const usage = usageFromOpenAi(fieldOf(event, 'usage'));
          return usage && { usage, otherUnits, basis: 'reported' };
        },
        spentUnsaid: () => guess,
      }),
  };
}

/** Unicode code points: what speech that is charged by its text is charged by. */
function charactersIn(text: string): number {
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters;
}
