/**
 * The part of `@pydantic/genai-prices` that the price table is made from: its data, not its arithmetic,
 * which is in floats. The types are what its provider data looks like in 0.1.8; anything else that turns up
 * in a later version fails the build instead of being guessed at.
 */
import { readFileSync } from 'node:fs';
import { findProvider } from '@pydantic/genai-prices';

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

export interface SourceDatedPrices {
  readonly constraint?: { readonly type: string; readonly start_date?: string };
  readonly prices: SourcePrices;
}

export interface SourceModel {
  readonly id: string;
  readonly match: SourceMatch;
  readonly prices: SourcePrices | readonly SourceDatedPrices[];
}

/** The models of one provider, in the order in which the source tries them. */
export function sourceModels(provider: string): readonly SourceModel[] {
  const found = findProvider({ providerId: provider });
  if (found === undefined) throw new Error(`genai-prices has no provider ${provider}`);
  return (found.models as readonly SourceModel[]).map(({ id, match, prices }) => ({
    id,
    match,
    prices,
  }));
}

/** The version of the installed package. */
export function sourceVersion(): string {
  const manifest = new URL('../package.json', import.meta.resolve('@pydantic/genai-prices'));
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}
