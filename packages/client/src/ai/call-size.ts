/** How large a call of the AI SDK is, before a provider has seen it. */
import { textTokensUpperBound, utf8Bytes } from '@bursar/core';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { Params } from './ai-types.ts';

/** Tokens of one call. */
export interface CallSize {
  /** Upper bound. */
  readonly inputTokensMax: number;
  /** A guess. */
  readonly inputTokensExpected: number;
  /** `undefined` when the call sets no cap. */
  readonly outputTokensMax: number | undefined;
}

/** Most tokens of an image to most models, and of another file: constants, for bytes say little. */
const IMAGE_TOKENS_MAX = 12_288;
const FILE_TOKENS_MAX = 131_072;
/** What of that is expected. */
const EXPECTED_SHARE = 1 / 4;

/** The size of a call with `params`. */
export function sizeOf({
  prompt,
  tools,
  responseFormat,
  maxOutputTokens: outputTokensMax,
}: Params): CallSize {
  let fileTokens = 0;
  const text = JSON.stringify({ prompt, tools, responseFormat }, (_name, value: unknown) => {
    if (!isFile(value)) return value;
    const isImage = value.mediaType.startsWith('image');
    fileTokens += isImage ? IMAGE_TOKENS_MAX : FILE_TOKENS_MAX;
    return value.mediaType;
  });
  const bytes = utf8Bytes(text);
  return {
    inputTokensMax: textTokensUpperBound(bytes) + fileTokens,
    inputTokensExpected: expectedTextTokens(bytes) + Math.ceil(fileTokens * EXPECTED_SHARE),
    outputTokensMax,
  };
}

function isFile(value: unknown): value is { readonly mediaType: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'data' in value &&
    'mediaType' in value &&
    typeof value.mediaType === 'string'
  );
}
