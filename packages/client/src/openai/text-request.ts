/** Requests whose body is JSON and whose answer is text, or vectors of it: chat, responses, completions, embeddings. */
import { bodyText, type HttpRequest } from '../http/http-request.ts';
import { arrayOf, fieldOf, jsonIn, stringOf } from '../http/json-fields.ts';
import type { ReadRequest } from '../http/provider-api.ts';
import { loading } from '../loading.ts';
import { modelRequestOf, type OpenAiRequest, type TextRoute } from './openai-request.ts';
import { leastOutput } from './output-cap.ts';

const loadUsage = loading(() => import('./usage-from-answer.ts'));
const loadStream = loading(() => import('./openai-stream.ts'));
const loadFollowed = loading(() => import('./followed-response.ts'));

/** The request to `route` in `http`. Throws `input_invalid` for what cannot be priced. */
export async function readText(route: TextRoute, http: HttpRequest): Promise<ReadRequest> {
  return readOf(modelRequestOf(route, await bodyText(http)));
}

function readOf(request: OpenAiRequest): ReadRequest {
  return {
    request,
    spentBy: async (answer) => (await loadUsage()).spentBy(jsonIn(answer.bytes), request),
    readStream: async () =>
      request.isBackground
        ? new (await loadFollowed()).BackgroundStream(request)
        : new (await loadStream()).OpenAiStream(request),
    continuesAs: ({ bytes }) => (request.isBackground ? runningResponse(jsonIn(bytes)) : undefined),
    ...(request.isBackground
      ? {
          taggedText: async (reservation) =>
            (await loadFollowed()).taggedText(request, reservation),
          shown: async (bytes) => (await loadFollowed()).shownOf(bytes),
        }
      : {}),
    ...(request.route === 'embeddings' || request.route === 'compact'
      ? {}
      : {
          clamping: {
            leastOutput: (eachMin) => leastOutput(request, eachMin),
            withOutputCap: async (tokens) => {
              const { withOutputCap } = await import('./clamped-request.ts');
              return readOf(withOutputCap(request, tokens));
            },
          },
        }),
  };
}

/** The id of a response that has not ended. */
export function runningResponse(response: unknown): string | undefined {
  const status = stringOf(fieldOf(response, 'status'));
  const id = stringOf(fieldOf(response, 'id'));
  const hasEnded = arrayOf(['completed', 'incomplete', 'failed', 'cancelled']).includes(status);
  return hasEnded || id === '' ? undefined : id;
}
