/**
 * The price table: which price applies to a model at an instant.
 *
 * Overrides come before the catalogue, and the catalogue is a list of providers, each with rows of its own.
 * A model is looked up at the provider that the caller names, in a field of its own or before a slash
 * (`groq/llama-3.3-70b-versatile`); without one, at the providers whose ids are theirs alone. What no row
 * matches is unknown, and unknown is never free: `priceOrThrow` refuses it.
 */
import { BursarError } from '../errors.ts';
import type { InstantMs } from '../time.ts';
import { comparableModel, type ModelPattern } from './model-match.ts';
import type { Price, PriceNumbers } from './price.ts';
import { RowIndex } from './row-index.ts';

/** Prices from an instant on, or in some hours of every day. */
export type DatedPrice = PriceNumbers & {
  /** First instant of the price, in milliseconds since 1970; absent: since ever. */
  readonly effectiveFromMs?: number;
  /** The hours of the day in UTC: the first millisecond, and the one after the last, which may be earlier. */
  readonly dailyUtc?: { readonly fromMs: number; readonly untilMs: number };
};

/** Prices of one model. */
export interface PriceRow {
  readonly model: string;
  /** Ids that are this model, in the form of `comparableModel`. */
  readonly ids: readonly string[];
  /** Further ids, by pattern. */
  readonly patterns?: readonly ModelPattern[];
  /** The last one that applies counts, so in ascending order of `effectiveFromMs`. */
  readonly prices: readonly DatedPrice[];
}

/** What one provider charges. */
export interface ProviderPrices {
  /** `openai`. */
  readonly provider: string;
  /** Other names of the provider: `xai` for `x-ai`. */
  readonly aliases?: readonly string[];
  /** Whether its ids are found without its name. Not so for those who sell what others made, each at a price of its own. */
  readonly isImplied?: boolean;
  /** Providers whose prices it charges for models that it does not list. */
  readonly chargesLike?: readonly string[];
  readonly rows: readonly PriceRow[];
}

/** A price of the operator's own for one exact model id, which comes before the catalogue's. */
export interface OwnPrice {
  /** `my-model`, or with its provider `azure/my-model`. */
  readonly model: string;
  /** In ascending order of `effectiveFromMs`; before the first of them the catalogue's price applies. */
  readonly prices: readonly DatedPrice[];
}

/** A model that is charged as another one. */
export interface Fallback {
  readonly model: string;
  /** A model that has a price, which it is not charged as another one for. */
  readonly chargeAs: string;
}

/** What an operator says about the price of one model. */
export type PriceOverride = OwnPrice | Fallback;

/** What a table is made of. */
export interface PriceTableSource {
  /** Names the table and everything in it. */
  readonly version: string;
  /** ISO date on which the catalogue was taken. */
  readonly date?: string;
  /** Rows of no provider in particular, tried before those of the providers. */
  readonly rows?: readonly PriceRow[];
  /** In the order in which the implied ones are tried. */
  readonly providers?: readonly ProviderPrices[];
  readonly overrides?: readonly PriceOverride[];
}

/** Prices by model and instant. Immutable. */
export interface PriceTable {
  readonly version: string;
  readonly source: PriceTableSource;
  /**
   * The price of `model` at `atMs`, complete and fit to be pinned; `undefined` when none is known. `provider`
   * narrows the search to one provider; one that is not in the catalogue has the operator's own prices only.
   */
  lookup(model: string, atMs: InstantMs, provider?: string): Price | undefined;
}

interface Shelf extends ProviderPrices {
  readonly index: RowIndex;
}

/** One way to read a model id: at a provider, or at none in particular. */
interface Reading {
  readonly provider?: string;
  readonly id: string;
}

/** A table over `source`. */
export function createPriceTable(source: PriceTableSource): PriceTable {
  const { version, providers = [], overrides = [] } = source;
  const loose = new RowIndex(source.rows ?? []);
  const shelves = new Map<string, Shelf>();
  const nameOf = new Map<string, string>();
  for (const prices of providers) {
    shelves.set(prices.provider, { ...prices, index: new RowIndex(prices.rows) });
    for (const name of [prices.provider, ...(prices.aliases ?? [])])
      nameOf.set(name, prices.provider);
  }
  const overridden = new Map(
    overrides.map((override) => [canonicalId(comparableModel(override.model) ?? ''), override]),
  );

  /** `xai/grok-4` as `x-ai/grok-4`. */
  function canonicalId(id: string): string {
    const reading = atItsProvider(id);
    return reading === undefined ? id : `${reading.provider}/${reading.id}`;
  }

  /** `id` read as a provider's name, a slash and a model. */
  function atItsProvider(id: string): Reading | undefined {
    const slash = id.indexOf('/');
    const provider = nameOf.get(id.slice(0, Math.max(slash, 0)));
    return provider === undefined ? undefined : { provider, id: id.slice(slash + 1) };
  }

  /** The ways to read `id`, the most particular first. */
  function readingsOf(id: string, provider: string | undefined): readonly Reading[] {
    const prefixed = atItsProvider(id);
    if (provider === undefined) return prefixed === undefined ? [{ id }] : [prefixed, { id }];
    const asked = provider.trim().toLowerCase();
    const name = nameOf.get(asked) ?? asked;
    const reading = { provider: name, id };
    return prefixed?.provider === name ? [reading, prefixed] : [reading];
  }

  function overrideOf({ provider, id }: Reading): PriceOverride | undefined {
    return (
      (provider === undefined ? undefined : overridden.get(`${provider}/${id}`)) ??
      overridden.get(id)
    );
  }

  function catalogued({ provider, id }: Reading, atMs: InstantMs): Price | undefined {
    const anywhere = pinnedRow(loose.find(id), atMs);
    if (anywhere !== undefined) return anywhere;
    if (provider === undefined) return implied(id, atMs);
    const shelf = shelves.get(provider);
    for (const name of [provider, ...(shelf?.chargesLike ?? [])]) {
      const price = pinnedRow(shelves.get(name)?.index.find(id), atMs, name);
      if (price !== undefined) return price;
    }
    return undefined;
  }

  function implied(id: string, atMs: InstantMs): Price | undefined {
    for (const { provider, isImplied = false, index } of shelves.values()) {
      if (!isImplied) continue;
      // What stands before a slash is no provider here, so that nobody knows whose model a pattern would hit.
      const row = id.includes('/') ? index.findExact(id) : index.find(id);
      const price = pinnedRow(row, atMs, provider);
      if (price !== undefined) return price;
    }
    return undefined;
  }

  function pinnedRow(
    row: PriceRow | undefined,
    atMs: InstantMs,
    provider?: string,
  ): Price | undefined {
    return row && pinned(row.model, provider, version, priceInEffect(row.prices, atMs));
  }

  function find(
    { model, provider }: { readonly model: string; readonly provider: string | undefined },
    atMs: InstantMs,
    mayChargeAs: boolean,
  ): Price | undefined {
    const id = comparableModel(model);
    if (id === undefined) return undefined;
    const readings = readingsOf(id, provider);
    for (const reading of readings) {
      const override = overrideOf(reading);
      if (override === undefined) continue;
      if ('prices' in override) {
        const price = pinned(id, undefined, version, priceInEffect(override.prices, atMs));
        if (price !== undefined) return price;
      } else if (mayChargeAs) {
        return find({ model: override.chargeAs, provider: undefined }, atMs, false);
      }
    }
    for (const reading of readings) {
      const price = catalogued(reading, atMs);
      if (price !== undefined) return price;
    }
    return undefined;
  }

  return {
    version,
    source,
    lookup: (model, atMs, provider) => find({ model, provider }, atMs, true),
  };
}

/** The providers of the catalogue that have a price for `model` at `atMs`. */
export function providersOf(table: PriceTable, model: string, atMs: InstantMs): readonly string[] {
  return (table.source.providers ?? [])
    .filter(({ provider }) => table.lookup(model, atMs, provider) !== undefined)
    .map(({ provider }) => provider);
}

/** Most providers that an error names. */
const NAMED_MAX = 5;

/** The price of `model` at `atMs`. Throws `price_unknown`, naming the model and what to do, when none is known. */
export function priceOrThrow(
  table: PriceTable,
  model: string,
  atMs: InstantMs,
  provider?: string,
): Price {
  const price = table.lookup(model, atMs, provider);
  if (price !== undefined) return price;
  const shown = JSON.stringify(model.slice(0, 80));
  const at =
    provider === undefined ? '' : ` at the provider ${JSON.stringify(provider.slice(0, 40))}`;
  const sellers = providersOf(table, model, atMs);
  const named = sellers.slice(0, NAMED_MAX).join(', ') + (sellers.length > NAMED_MAX ? ', …' : '');
  const hint = sellers.length === 0 ? '' : ` name the provider (it has prices at ${named}), or`;
  throw new BursarError('price_unknown', {
    field: 'model',
    message: `No price is known for the model ${shown}${at}, so it cannot be spent on;${hint} add it to the price overrides (BURSAR_PRICES_FILE).`,
  });
}

const DAY_MS = 86_400_000;

/** The one of `prices` that applies at `atMs`. */
export function priceInEffect(
  prices: readonly DatedPrice[],
  atMs: InstantMs,
): DatedPrice | undefined {
  return prices.findLast(
    ({ effectiveFromMs = 0, dailyUtc }) =>
      effectiveFromMs <= atMs && (dailyUtc === undefined || isWithin(dailyUtc, atMs % DAY_MS)),
  );
}

function isWithin({ fromMs, untilMs }: NonNullable<DatedPrice['dailyUtc']>, atMs: number): boolean {
  return fromMs <= untilMs ? fromMs <= atMs && atMs < untilMs : fromMs <= atMs || atMs < untilMs;
}

/** The price made last of each dated one: the same object for the same model, so that others can remember by it. */
const PINNED = new WeakMap<DatedPrice, Price>();

function pinned(
  model: string,
  provider: string | undefined,
  version: string,
  price: DatedPrice | undefined,
): Price | undefined {
  if (price === undefined) return undefined;
  const last = PINNED.get(price);
  const isIt =
    last !== undefined &&
    last.model === model &&
    last.provider === provider &&
    last.version === version;
  if (isIt) return last;
  const { effectiveFromMs: _from, dailyUtc: _hours, ...numbers } = price;
  const made = { model, ...(provider !== undefined && { provider }), version, ...numbers };
  PINNED.set(price, made);
  return made;
}
