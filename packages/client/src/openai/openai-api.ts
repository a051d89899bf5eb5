/** OpenAI's API, and those that are made like it. */
import type { HttpRequest } from '../http/http-request.ts';
import type { ProviderApi, ReadRequest, RouteRule } from '../http/provider-api.ts';
import { readImages } from './image-request.ts';
import { OPENAI_ERRORS } from './openai-errors.ts';
import { type MeteredRoute, routeOf } from './openai-routes.ts';
import { readSpeech } from './speech-request.ts';
import { readText } from './text-request.ts';
import { readTranscription } from './transcription-request.ts';

export const OPENAI_API: ProviderApi = {
  ruleFor(method, url): RouteRule {
    const decision = routeOf(method, url);
    if (decision.kind !== 'metered') return decision;
    const { route } = decision;
    return { kind: 'metered', read: (http) => readerOf(route)(http) };
  },
  putKey(headers, key) {
    // Azure's header; and what says on whose account the service's own key is.
    if (headers.has('api-key')) headers.set('api-key', key);
    else headers.set('authorization', `Bearer ${key}`);
    headers.delete('openai-organization');
    headers.delete('openai-project');
  },
  errors: OPENAI_ERRORS,
};

function readerOf(route: MeteredRoute): (http: HttpRequest) => Promise<ReadRequest> {
  switch (route) {
    case 'images':
      return readImages;
    case 'speech':
      return readSpeech;
    case 'transcription':
      return readTranscription;
    default:
      return (http) => readText(route, http);
  }
}
