/** How a limiter counts, as `run-commands.lua` is told it. */
import type { LimiterPolicy } from '@bursar/core';

/** The letter of its algorithm; its limit; and its permits and every how many ms, or its window and 0. */
export interface PolicyWords {
  readonly letter: string;
  readonly numbers: readonly [limit: number, permitsOrWindow: number, every: number];
}

export function policyWords(policy: LimiterPolicy): PolicyWords {
  switch (policy.algorithm) {
    case 'token-bucket':
      return {
        letter: 't',
        numbers: [policy.capacity, policy.refillPermits, policy.refillEveryMs],
      };
    case 'gcra':
      return { letter: 'g', numbers: [policy.burst, policy.limit, policy.windowMs] };
    case 'fixed-window':
      return { letter: 'f', numbers: [policy.limit, policy.windowMs, 0] };
    case 'sliding-window-counter':
      return { letter: 's', numbers: [policy.limit, policy.windowMs, 0] };
    case 'sliding-window-log':
      return { letter: 'l', numbers: [policy.limit, policy.windowMs, 0] };
    case 'concurrency':
      return { letter: 'c', numbers: [policy.limit, 0, 0] };
  }
}
