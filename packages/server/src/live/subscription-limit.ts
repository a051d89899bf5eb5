/** How many subscriptions one caller may hold open. */
import { BursarError } from '@bursar/core';

/** Most open subscriptions of one token. */
export const SUBSCRIPTIONS_MAX = 100;

/** Counts open subscriptions by token. */
export class SubscriptionLimit {
  readonly #open = new Map<string, number>();

  /** Takes a place for `tokenId`; the returned function gives it back. Throws `too_many_requests`. */
  take(tokenId: string): () => void {
    const open = this.#open.get(tokenId) ?? 0;
    if (open >= SUBSCRIPTIONS_MAX) {
      throw new BursarError('too_many_requests', {
        message: `This token has ${SUBSCRIPTIONS_MAX} subscriptions open, which is the most it may have; close one, or share one among its viewers.`,
      });
    }
    this.#open.set(tokenId, open + 1);
    return () => {
      const left = (this.#open.get(tokenId) ?? 1) - 1;
      if (left === 0) this.#open.delete(tokenId);
      else this.#open.set(tokenId, left);
    };
  }
}
