/** How many permits a call takes from a limit, as far as that can be known here: before it, by its answer, and in truth. */
import type { Allowed, RateView } from '@bursar/api';
import { parseUsd, totalInputTokens, totalOutputTokens, type Usage } from '@bursar/core';

/** What is known of a call before it is asked for. */
export interface CallSize {
  /** Upper bound. */
  readonly inputTokens: number;
  /** Upper bound; `undefined` where the server knows it. */
  readonly outputTokensMax: number | undefined;
  /** Decimal USD, where the call is bounded by an amount and not by tokens. */
  readonly amountUsd?: string | undefined;
}

/** What is known of a call when it is booked. */
export interface TrueSize {
  /** `undefined` where only the cost was reported. */
  readonly usage: Usage | undefined;
  /** Decimal USD. */
  readonly costUsd: string;
}

/** What a call of `size` is going to take, where the call before took `takenLast`. A guess: only the server knows prices. */
export function permitsExpected(
  counts: RateView['counts'],
  { inputTokens, outputTokensMax, amountUsd }: CallSize,
  takenLast: number,
): number {
  switch (counts) {
    case 'requests':
      return 1;
    case 'inputTokens':
      return inputTokens;
    case 'outputTokens':
      return outputTokensMax ?? takenLast;
    case 'totalTokens':
      return outputTokensMax === undefined
        ? Math.max(inputTokens, takenLast)
        : inputTokens + outputTokensMax;
    case 'money':
      return amountUsd === undefined ? takenLast : parseUsd(amountUsd);
    case 'units':
      // Nobody knows before; a limit that has something left lets it through.
      return 0;
  }
}

/** What a call of `size` has taken, by the answer that let it through. */
export function permitsTaken(
  counts: RateView['counts'],
  { inputTokens }: CallSize,
  { heldUsd, outputTokensMax }: Pick<Allowed, 'heldUsd' | 'outputTokensMax'>,
): number {
  switch (counts) {
    case 'requests':
      return 1;
    case 'inputTokens':
      return inputTokens;
    case 'outputTokens':
      return outputTokensMax ?? 0;
    case 'totalTokens':
      return outputTokensMax === null ? 0 : inputTokens + outputTokensMax;
    case 'money':
      return parseUsd(heldUsd);
    case 'units':
      return 0;
  }
}

/** What a call that took `taken` turned out to take; the same where nobody said, or the limit does not put it right. */
export function permitsInTruth(
  counts: RateView['counts'],
  taken: number,
  { usage, costUsd }: TrueSize,
): number {
  switch (counts) {
    case 'requests':
    case 'units':
      return taken;
    case 'inputTokens':
      return usage === undefined ? taken : totalInputTokens(usage);
    case 'outputTokens':
      return usage === undefined ? taken : totalOutputTokens(usage);
    case 'totalTokens':
      return usage === undefined ? taken : totalInputTokens(usage) + totalOutputTokens(usage);
    case 'money':
      return parseUsd(costUsd);
  }
}
