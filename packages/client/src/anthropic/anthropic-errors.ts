/**
 * Errors in Anthropic's shape, `{ "type": "error", "error": { type, message } }`, of which its SDK makes its own
 * classes. Beside it, where `denialOf` looks, is the denial itself.
 */
import type { ErrorBodies } from '../http/provider-api.ts';
import { BURSAR_ERROR_TYPE, DENIED_TYPE } from '../http/error-types.ts';

export const ANTHROPIC_ERRORS: ErrorBodies = {
  denied: (denied) => ({
    type: 'error',
    error: { type: DENIED_TYPE, message: denied.message, code: denied.reason },
    bursar: denied,
  }),
  failed: ({ message, code, field = null }) => ({
    type: 'error',
    error: { type: BURSAR_ERROR_TYPE, message, code, param: field },
  }),
};
