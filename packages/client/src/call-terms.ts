/** What is known of a call: before it, what it may use at most; after it, what it did use or cost. */
import type { BatchPart, ManyCalls, OtherClass, ServiceTier, Usage } from '@bursar/core';
import type { Basis } from './call-hooks.ts';

/** What a call may use at most. */
export interface CallTerms {
  readonly user: string;
  readonly model: string;
  /** Upper bound of the input tokens. */
  readonly inputTokens: number;
  /** Upper bound of the output tokens of all choices; `undefined` for the model's own. */
  readonly outputTokensMax: number | undefined;
  /** Answers asked for at once. */
  readonly choices: number;
  /** Whether audio goes in or comes out. */
  readonly audio: boolean;
  /** Whether the provider is asked to cache the prompt for the longer time. */
  readonly longCache: boolean;
  /** The service tier that it asks for; `undefined` for the standard one. */
  readonly serviceTier: ServiceTier | undefined;
  /** Upper bounds of what its model may be charged by instead of tokens. */
  readonly otherUnits?: OtherUnits | undefined;
  /** With how many output tokens it may be made if it does not fit as it is; `undefined`: with no less. */
  readonly outputTokensMin: number | undefined;
  /** Whether it can be made with the user's own key. */
  readonly mayUseOwnKey?: boolean;
  /** Several calls at once, which have the bounds together. */
  readonly many?: ManyCalls | undefined;
  /**
   * Whether it goes on for hours after its answer, whoever is there by then: its heart does not beat. Unless its end is
   * seen within an hour, it is charged in full until it is.
   */
  readonly isJob?: boolean | undefined;
  /** What to set aside, decimal USD, instead of what all that may cost. */
  readonly amountUsd?: string | undefined;
  /** Ends the wait for its turn. */
  readonly signal?: AbortSignal | undefined;
}

/** Units that are no tokens, by class. */
export type OtherUnits = { readonly [K in OtherClass]?: number };

/** What a call did use, or what it did cost. */
export interface Spent {
  /** Nothing where the cost is given; of many calls the sum. */
  readonly usage: Usage;
  /** Of many calls: what they used, by context tier. */
  readonly batch?: readonly BatchPart[];
  /** The reservation that the provider's answer names, of whoever made the call. */
  readonly reservation?: string | undefined;
  /** What it is settled by instead where its model is charged by such units. */
  readonly otherUnits?: OtherUnits | undefined;
  /** Decimal USD, where the price is not Bursar's. */
  readonly costUsd?: string;
  readonly basis: Basis;
  /** The model that answered, if it said so. */
  readonly model?: string | undefined;
  /** How it was served, if the provider said so, or else as was asked for. */
  readonly serviceTier?: ServiceTier | undefined;
  /** What rate limits count as units; by default what was noted of the call. */
  readonly units?: number | undefined;
}
