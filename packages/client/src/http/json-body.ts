/** A request's body as JSON, which has to be read before it is sent. */
import { BursarError } from '@bursar/core';
import { isObject, type JsonObject, parseJson } from './json-fields.ts';

/** `text` as an object. Throws `input_invalid` for anything else. */
export function jsonBody(text: string): JsonObject {
  const body = parseJson(text);
  if (isObject(body)) return body;
  throw invalid('body', 'must be a JSON object: Bursar has to read the request before it is sent');
}

/** The model that `body` names. Throws `input_invalid` without one. */
export function modelNamed(body: JsonObject): string {
  const model = body['model'];
  if (typeof model === 'string' && model !== '') return model;
  throw invalid(
    'model',
    'must be named in the request: without it there is no price to reserve by',
  );
}

function invalid(field: string, problem: string): BursarError {
  return new BursarError('input_invalid', { field, message: `${field} ${problem}` });
}
