/** OpenAI's API, and those that are made like it. */
import type { HttpRequest } from '../http/http-request.ts';
import type { ProviderApi, ReadRequest, RouteRule } from '../http/provider-api.ts';
import { loading } from '../loading.ts';
import { OPENAI_ERRORS } from './openai-errors.ts';
import { type MeteredRoute, routeOf } from './openai-routes.ts';

/** Whoever connects may only ever call other providers, or meter work. */
const loadText = loading(() => import('./text-request.ts'));

/** Addresses to look at more closely. */
const MAY_BE_AZURES = /\/deployments\/|azure|api-version=/;

export const OPENAI_API: ProviderApi = {
  ruleFor(method, url): RouteRule {
    const decision = routeOf(method, url);
    switch (decision.kind) {
      case 'metered':
        return { kind: 'metered', read: (http, send) => read(decision.route, http, send) };
      case 'follow':
        return {
          ...decision,
          read: async () => (await import('./followed-response.ts')).FOLLOWED_RESPONSE,
        };
      case 'jobs':
        return {
          kind: 'jobs',
          look: async (answer, seen) =>
            await (await import('./batch/seen-batches.ts')).seenBatches(answer, seen),
        };
      case 'refused':
        return {
          kind: 'refused',
          why: async () => (await import('./refused-routes.ts')).whyRefused(url),
        };
      default:
        return decision;
    }
  },
  async pricedModel(url, named, metering) {
    if (!MAY_BE_AZURES.test(url)) return named;
    return (await import('./deployment.ts')).pricedModel(url, named, metering);
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

/** Reads a request. What it takes is loaded when the first needs it. */
async function read(
  route: MeteredRoute,
  http: HttpRequest,
  send: typeof fetch,
): Promise<ReadRequest> {
  switch (route) {
    case 'batch':
      return await (await import('./batch/batch-request.ts')).readBatch(http, send);
    case 'images':
      return await (await import('./image-request.ts')).readImages(http);
    case 'speech':
      return await (await import('./speech-request.ts')).readSpeech(http);
    case 'transcription':
      return await (await import('./transcription-request.ts')).readTranscription(http);
    default:
      return await (await loadText()).readText(route, http);
  }
}
