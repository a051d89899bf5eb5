/**
 * What has to be known of a batch before it is created: the most that all of its lines may use. They are read from the
 * provider, which is what it will work on, whoever has uploaded them.
 */
import { BursarError } from '@bursar/core';
import { bodyText, type HttpRequest } from '../../http/http-request.ts';
import { jsonBody } from '../../http/json-body.ts';
import {
  arrayOf,
  fieldOf,
  isObject,
  jsonIn,
  type JsonObject,
  stringOf,
} from '../../http/json-fields.ts';
import { bytesWithoutTags, tagged } from '../../http/job-tag.ts';
import type { ReadRequest } from '../../http/provider-api.ts';
import { refuseTag } from '../../http/tag-field.ts';
import { modelRequestOf, type TextRoute } from '../openai-request.ts';
import { hasEnded, NO_METADATA, SHORT_INPUT_TOKENS, spentWithoutLines } from './batch-result.ts';
import { jsonLines } from './json-lines.ts';
import { fileContent } from './provider-file.ts';

/** Most lines, as many as Bursar takes in one reservation. OpenAI takes 50,000. */
const LINES_MAX = 100_000;

const ROUTES: Readonly<Record<string, TextRoute>> = {
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'responses',
  '/v1/completions': 'completions',
  '/v1/embeddings': 'embeddings',
};

/** The most that lines may use together. */
interface BatchSize {
  model: string;
  calls: number;
  inputTokens: number;
  inputTokensExpected: number;
  longestInputTokens: number;
  outputTokensCapped: number;
  choicesUncapped: number;
  audio: boolean;
  longCache: boolean;
  /** Whether only the answers tell what was used: hosted tools, and what lines merely refer to. */
  isOpen: boolean;
}

/** The batch that `http` asks for. Throws `input_invalid` and `price_unknown` for what cannot be priced. */
export async function readBatch(http: HttpRequest, send: typeof fetch): Promise<ReadRequest> {
  const text = await bodyText(http);
  const body = jsonBody(text);
  refuseTag(body);
  const route = routeOfLines(stringOf(body['endpoint']));
  const size = await sizeOf(
    jsonLines(await fileContent(http, send, stringOf(body['input_file_id']))),
    route,
  );
  const isByCall = size.isOpen || size.longestInputTokens > SHORT_INPUT_TOKENS;
  return {
    request: {
      model: size.model,
      inputTokensMax: size.inputTokens,
      inputTokensExpected: size.inputTokensExpected,
      outputTokensMax: undefined,
      choices: 1,
      audio: size.audio,
      longCache: size.longCache,
      serviceTier: 'batch',
      streams: false,
      text,
      many: {
        calls: size.calls,
        inputTokensMax: size.longestInputTokens,
        outputTokensCapped: size.outputTokensCapped,
        choicesUncapped: size.choicesUncapped,
      },
      isJob: true,
    },
    taggedText: async (reservation) => tagged(body, { reservation, isByCall }),
    shown: async (bytes) => bytesWithoutTags(bytes, NO_METADATA),
    continuesAs: ({ bytes }) => {
      const batch = jsonIn(bytes);
      if (hasEnded(batch)) return undefined;
      // One without an id is found by nobody: it is charged in full.
      return stringOf(fieldOf(batch, 'id')) || 'unknown';
    },
    // What has ended at once was refused.
    spentBy: ({ bytes }) => spentWithoutLines(jsonIn(bytes)),
    readStream: () => {
      throw new BursarError('input_invalid', { message: 'A batch is not answered as a stream' });
    },
  };
}

function routeOfLines(endpoint: string): TextRoute {
  const route = ROUTES[endpoint];
  if (route !== undefined) return route;
  throw new BursarError('price_unknown', {
    field: 'endpoint',
    message: `A batch of ${JSON.stringify(endpoint.slice(0, 80))} was not created: Bursar prices those of ${Object.keys(ROUTES).join(', ')}. unmeteredRoutes: 'allow' sends it unmetered.`,
  });
}

async function sizeOf(lines: AsyncIterable<unknown>, route: TextRoute): Promise<BatchSize> {
  let size: BatchSize | undefined;
  for await (const line of lines) {
    const body = fieldOf(line, 'body');
    if (!isObject(body)) throw invalid('has a line without a body');
    size = withLine(size, body, route);
    if (size.calls > LINES_MAX) throw invalid(`has more than ${LINES_MAX} lines`);
  }
  if (size === undefined) throw invalid('is empty');
  return size;
}

function withLine(before: BatchSize | undefined, body: JsonObject, route: TextRoute): BatchSize {
  const request = modelRequestOf(route, JSON.stringify(body));
  const { model, inputTokensMax, outputTokensMax, choices } = request;
  if (request.isBackground) throw invalid('has a line with background');
  if (before !== undefined && before.model !== model) {
    throw invalid('has lines of several models, which no provider takes');
  }
  return {
    model,
    calls: (before?.calls ?? 0) + 1,
    inputTokens: (before?.inputTokens ?? 0) + inputTokensMax,
    inputTokensExpected: (before?.inputTokensExpected ?? 0) + request.inputTokensExpected,
    longestInputTokens: Math.max(before?.longestInputTokens ?? 0, inputTokensMax),
    outputTokensCapped: (before?.outputTokensCapped ?? 0) + (outputTokensMax ?? 0),
    choicesUncapped: (before?.choicesUncapped ?? 0) + (outputTokensMax === undefined ? choices : 0),
    audio: request.audio || before?.audio === true,
    longCache: request.longCache || before?.longCache === true,
    isOpen: before?.isOpen === true || isOpen(body),
  };
}

/** Tools that the caller runs; all others are the provider's, and have prices of their own. */
const OWN_TOOLS = ['function', 'custom'];

function isOpen(body: JsonObject): boolean {
  const refers = ['previous_response_id', 'conversation'].some(
    (name) => stringOf(body[name]) !== '',
  );
  const isStored = isObject(body['prompt']) || isObject(body['conversation']);
  const tools = arrayOf(body['tools']).map((tool) => stringOf(fieldOf(tool, 'type')));
  const searches = isObject(body['web_search_options']);
  return refers || isStored || searches || tools.some((tool) => !OWN_TOOLS.includes(tool));
}

function invalid(problem: string): BursarError {
  return new BursarError('input_invalid', {
    field: 'input_file_id',
    message: `input_file_id ${problem}; Bursar has to read a batch before it is created`,
  });
}
