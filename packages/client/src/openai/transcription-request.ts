/**
 * Sound to text: charged by tokens, or by the length of the sound, which the file says (`sound-length.ts`) or bounds by
 * its size.
 */
import { textTokensUpperBound, usageFromOpenAi } from '@bursar/core';
import type { HttpRequest } from '../http/http-request.ts';
import { fieldOf, jsonIn } from '../http/json-fields.ts';
import type { ModelRequest, ReadRequest } from '../http/provider-api.ts';
import { modelIn, requestFields } from '../http/request-fields.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { Spent } from '../call-terms.ts';
import { TRANSCRIPT_TOKENS_MAX } from './transcript.ts';
import { lengthOfFiles, type SoundLength } from './sound-length.ts';
import { PlainStream } from './plain-stream.ts';

/** Bytes of a file in one token of sound at least: a tenth of a second at 8 kbit/s, the thinnest in use. */
const BYTES_PER_TOKEN_MIN = 100;
/** The same, usually: at 64 kbit/s. */
const BYTES_PER_TOKEN = 800;
/** Tokens that a model can hear and write together: the context window of gpt-4o-transcribe. */
const CONTEXT_TOKENS = 16_000;

/** The request in `http`. Throws `input_invalid` for what cannot be priced. */
export async function readTranscription(http: HttpRequest): Promise<ReadRequest> {
  const fields = await requestFields(http);
  const bytes = fields.files.reduce((sum, { size }) => sum + size, 0);
  const length = await lengthOfFiles(fields.files);
  const sound = (perToken: number): number => Math.min(CONTEXT_TOKENS, Math.ceil(bytes / perToken));
  const heard = sound(BYTES_PER_TOKEN);
  const request: ModelRequest = {
    model: modelIn(fields),
    inputTokensMax: textTokensUpperBound(fields.textBytes) + sound(BYTES_PER_TOKEN_MIN),
    inputTokensExpected: expectedTextTokens(fields.textBytes) + heard,
    outputTokensMax: TRANSCRIPT_TOKENS_MAX,
    choices: 1,
    audio: true,
    longCache: false,
    serviceTier: undefined,
    otherUnits: { audioInputMilliseconds: length.most },
    otherUnitsUnseen: { audioInputMilliseconds: length.probably },
    streams: fields.isTrue('stream'),
    text: fields.json,
  };
  const counted = (outputTokens: number): Spent => ({
    usage: { audioInputTokens: heard, outputTokens },
    otherUnits: { audioInputMilliseconds: length.probably },
    basis: 'estimated',
  });
  return {
    request,
    mayBeUnpriced: true,
    // Plain text and subtitles say nothing about usage.
    spentBy: (answer) =>
      reportedIn(jsonIn(answer.bytes), length) ?? counted(expectedTextTokens(answer.bytes.length)),
    readStream: () =>
      new PlainStream({
        spentBy: (event) => reportedIn(event, length),
        spentUnsaid: counted,
      }),
  };
}

/** `length` is for a model that is charged by it and reports tokens. */
function reportedIn(answer: unknown, length: SoundLength): Spent | undefined {
  const usage = usageFromOpenAi(fieldOf(answer, 'usage'));
  if (usage === undefined) return undefined;
  const { audioInputMilliseconds = length.probably } = usage;
  return { usage, otherUnits: { audioInputMilliseconds }, basis: 'reported' };
}
