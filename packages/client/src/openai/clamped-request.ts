/** How a request gets a smaller output cap. In a file of its own, because it is loaded when the first is to get one. */
import { assert } from '@bursar/core';
import { isObject, parseJson } from '../http/json-fields.ts';
import type { OpenAiRequest } from './openai-request.ts';
import { CAP_FIELDS, countIn } from './output-cap.ts';

/**
 * `request` with a cap, so that all its choices together produce at most `outputTokensMax`. Replaces the cap in
 * every field that has one; a request without any gets the field that counts first.
 */
export function withOutputCap(request: OpenAiRequest, outputTokensMax: number): OpenAiRequest {
  const { route, choices, text } = request;
  const fields = CAP_FIELDS[route];
  const body = parseJson(text);
  assert(isObject(body) && fields[0] !== undefined, 'a request that is capped was read before');
  const cap = Math.floor(outputTokensMax / choices);
  const given = fields.filter((field) => countIn(body, field) !== undefined);
  const capped = (given.length === 0 ? fields.slice(0, 1) : given).map((field) => [field, cap]);
  return {
    ...request,
    outputTokensMax,
    text: JSON.stringify({ ...body, ...Object.fromEntries(capped) }),
  };
}
