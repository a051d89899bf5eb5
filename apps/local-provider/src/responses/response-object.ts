/** The `response` object in its states, and the message within it. */
import type { Answer } from '../answer.ts';
import { answeredModel } from '../models.ts';
import { responseUsage, type TokenUsage } from '../token-usage.ts';
import type { ResponsesRequest } from './responses-request.ts';

/** Builds the objects of one response, which share its ids and its request. */
export interface ResponseIdentity {
  readonly responseId: string;
  readonly messageId: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
  readonly request: ResponsesRequest;
}

/** A response that has no output yet. */
export function openResponse(identity: ResponseIdentity, status: 'queued' | 'in_progress'): object {
  return response(identity, { status, output: [], usage: null, incomplete_details: null });
}

/** The finished response: `incomplete` when the output cap cut it. Usage is left out when withheld. */
export function finishedResponse(
  identity: ResponseIdentity,
  answer: Answer,
  { text, usage }: { readonly text: string; readonly usage: TokenUsage | null },
): object {
  const status = finalStatus(answer);
  return response(identity, {
    status,
    incomplete_details: answer.isCut ? { reason: 'max_output_tokens' } : null,
    output: [messageItem(identity, status, [textPart(text)])],
    ...(usage === null ? {} : { usage: responseUsage(usage) }),
  });
}

/** How the response and its message end. */
export function finalStatus(answer: Answer): 'completed' | 'incomplete' {
  return answer.isCut ? 'incomplete' : 'completed';
}

/** The one output item. */
export function messageItem(
  identity: ResponseIdentity,
  status: 'in_progress' | 'completed' | 'incomplete',
  content: readonly object[],
): object {
  return { id: identity.messageId, type: 'message', status, role: 'assistant', content };
}

/** The one content part. */
export function textPart(text: string): object {
  return { type: 'output_text', annotations: [], logprobs: [], text };
}

function response(identity: ResponseIdentity, state: object): object {
  const { request } = identity;
  return {
    id: identity.responseId,
    object: 'response',
    created_at: identity.createdAt,
    model: answeredModel(request.model),
    service_tier: request.serviceTier,
    error: null,
    ...request.repeated,
    ...state,
  };
}
