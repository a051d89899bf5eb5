/** Anthropic's API. */
import type { ProviderApi, RouteRule } from '../http/provider-api.ts';
import { ANTHROPIC_ERRORS } from './anthropic-errors.ts';
import { routeOf } from './anthropic-routes.ts';
import { readMessage } from './message-request.ts';

/** What Bursar has to know of Anthropic's API, for `bursar.fetch`. */
export const ANTHROPIC_API: ProviderApi = {
  ruleFor(method, url): RouteRule {
    const decision = routeOf(method, url);
    switch (decision.kind) {
      case 'metered':
        return { kind: 'metered', read: readMessage };
      case 'free':
        return decision;
      case 'refused':
        return { kind: 'refused', why: () => decision.reason };
    }
  },
  putKey(headers, key) {
    headers.delete('authorization');
    headers.set('x-api-key', key);
  },
  errors: ANTHROPIC_ERRORS,
};
