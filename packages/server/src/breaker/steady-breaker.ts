/** A breaker for what cannot be away: this process's own memory. Always closed. */
import type { Breaker } from './breaker.ts';

export const STEADY_BREAKER: Breaker = {
  state: 'closed',
  run: (action) => action(),
  stop: () => {},
};
