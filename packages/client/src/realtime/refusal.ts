/** What is told of an event that was not sent: the same bodies as those of a refused request. */
import { BursarError, isBursarError } from '@bursar/core';
import { CallRefused } from '../call-refused.ts';
import { fieldOf, isObject, type JsonObject } from '../http/json-fields.ts';
import { OPENAI_ERRORS } from '../openai/openai-errors.ts';

/** The `error` in OpenAI's form, and the status that a refused request would be answered with. */
export function bodyOf(refusal: unknown): { readonly error: JsonObject; readonly status: number } {
  if (refusal instanceof CallRefused) {
    return { error: errorIn(OPENAI_ERRORS.denied(refusal.error.bursar)), status: refusal.status };
  }
  const error = isBursarError(refusal)
    ? refusal
    : new BursarError('invariant_violated', {
        message: 'The turn could not be metered, and was not sent.',
        cause: refusal,
      });
  return { error: errorIn(OPENAI_ERRORS.failed(error)), status: error.status };
}

/** The error for what has no price. */
export function unpriced(what: string, reason: string): BursarError {
  return new BursarError('price_unknown', {
    message: `${what} was not sent: ${reason}. unmeteredRoutes: 'allow' sends it unmetered.`,
  });
}

function errorIn(body: object): JsonObject {
  const error = fieldOf(body, 'error');
  return isObject(error) ? error : {};
}
