/** Refusals in Anthropic's shape: `{ "type": "error", "error": { type, message }, "request_id" }`. */
import type { ApiError } from '../api-error.ts';

/** Anthropic's error types by status. Source: its API reference, "Errors", read 2026-11-30. */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The body as Anthropic sends it. */
export function messagesErrorBody({ message, fields }: ApiError, requestId: string): object {
  const usual = fields.status >= 500 ? 'api_error' : 'invalid_request_error';
  const type = TYPES[fields.status] ?? usual;
  return { type: 'error', error: { type, message }, request_id: requestId };
}
