/** Errors in OpenAI's shape, `{ "error": { message, type, code, param } }`. `error.code` is Bursar's. */
import type { ErrorBodies } from '../http/provider-api.ts';
import { BURSAR_ERROR_TYPE, DENIED_TYPE } from '../http/error-types.ts';

export const OPENAI_ERRORS: ErrorBodies = {
  denied: (denied) => ({
    error: {
      message: denied.message,
      type: DENIED_TYPE,
      code: denied.reason,
      param: null,
      bursar: denied,
    },
  }),
  failed: ({ message, code, field = null }) => ({
    error: { message, type: BURSAR_ERROR_TYPE, code, param: field },
  }),
};
