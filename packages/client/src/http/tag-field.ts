/** The field in which jobs carry their reservation. See `job-tag.ts`, which is loaded when there is such a job. */
import { BursarError } from '@bursar/core';
import { isObject, type JsonObject } from './json-fields.ts';

/** In a job's metadata. */
export const TAG_FIELD = 'bursar_reservation';

/** Throws `input_invalid` for a request with a tag: that of another job would settle the other job by this one. */
export function refuseTag({ metadata }: JsonObject): void {
  if (!isObject(metadata) || !Object.hasOwn(metadata, TAG_FIELD)) return;
  throw new BursarError('input_invalid', {
    field: `metadata.${TAG_FIELD}`,
    message: `metadata.${TAG_FIELD} must be left out: Bursar writes it`,
  });
}
