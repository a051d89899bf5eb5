/**
 * The part of `@pydantic/genai-prices` that the price table is made from: its data, not its arithmetic,
 * which is in floats. The types are what its provider data looks like in 0.1.8; anything else that turns up
 * in a later version fails the build instead of being guessed at.
 */
import { readFileSync } from 'node:fs';
import { waitForUpdate } from '@pydantic/genai-prices';
import type { ByClass } from '../../packages/core/src/pricing/usage-class.ts';

/** A condition on a model id. Regular expressions are translated or refused by `match.ts`. */
export type SourceMatch =
  | { readonly equals: string }
  | { readonly starts_with: string }
  | { readonly ends_with: string }
  | { readonly contains: string }
  | { readonly regex: string }
  | { readonly or: readonly SourceMatch[] }
  | { readonly and: readonly SourceMatch[] };

/** USD for the number of units in the name of its key; with tiers, by total input tokens above `start`. */
export type SourcePrice =
  | number
  | {
      readonly base: number;
      readonly tiers: readonly { readonly start: number; readonly price: number }[];
    };

export type SourcePrices = Readonly<Record<string, SourcePrice | undefined>>;

/** When a price applies: from a day on, or in some hours of every day. */
export type SourceConstraint =
  | { readonly type: 'start_date'; readonly start_date: string }
  | { readonly type: 'time_of_date'; readonly start_time: string; readonly end_time: string };

export interface SourceDatedPrices {
  readonly constraint?: SourceConstraint;
  readonly prices: SourcePrices;
}

export interface SourceModel {
  readonly id: string;
  readonly match: SourceMatch;
  readonly prices: SourcePrices | readonly SourceDatedPrices[];
  /** What the source says about the prices, for people. */
  readonly price_comments?: string;
  /** Not in the source's data; set by amendments. */
  readonly minimumUnits?: ByClass;
}

export interface SourceProvider {
  readonly id: string;
  /** In the order in which the source tries them. */
  readonly models: readonly SourceModel[];
  readonly fallback_model_providers?: readonly string[];
}

/** Every provider of the source. */
export async function sourceProviders(): Promise<readonly SourceProvider[]> {
  // The package's way to its whole data; nothing is fetched unless it was told to.
  const providers = await waitForUpdate();
  if (providers === null) throw new Error('genai-prices has no data');
  return providers as readonly SourceProvider[];
}

/** The prices of `model`, each with when it applies. */
export function datedPricesOf({ prices }: SourceModel): readonly SourceDatedPrices[] {
  return isDated(prices) ? prices : [{ prices }];
}

/** Whether `prices` are several, each with when it applies. */
export function isDated(prices: SourceModel['prices']): prices is readonly SourceDatedPrices[] {
  return Array.isArray(prices);
}

/** The version of the installed package. */
export function sourceVersion(): string {
  const manifest = new URL('../package.json', import.meta.resolve('@pydantic/genai-prices'));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}
