/** No store can decide, and this process may not, or cannot, do it in their place. Nothing was changed. */
import { BursarError } from '@bursar/core';

/** When to ask again: as often as the stores are asked whether they are back. */
const RETRY_AFTER_MS = 1_000;

/** Tells a refusal for want of stores from any other `store_unavailable`. */
export class StoresAway extends BursarError {
  constructor(message: string, cause?: unknown) {
    super('store_unavailable', {
      message,
      retryAfterMs: RETRY_AFTER_MS,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
