/** What changes between two catalogues, provider by provider and model by model. */
import { changesBetween, type PriceChange } from './price-change.ts';
import type { DatedPrice, PriceRow, ProviderPrices } from './price-table.ts';

/** One model that differs. */
export interface CatalogueChange {
  readonly provider: string;
  readonly model: string;
  readonly kind: 'new' | 'gone' | 'changed';
  /** Of a model that changed: each number, of each of its prices against the one that it replaces. */
  readonly changes: readonly PriceChange[];
  /** Whether it is found under other ids than before. */
  readonly hasOtherIds: boolean;
}

/** What `after` changes in `before`, in the order of `after`, with what is gone in the end. */
export function compareCatalogues(
  before: readonly ProviderPrices[],
  after: readonly ProviderPrices[],
): readonly CatalogueChange[] {
  const rows = new Map<string, { readonly provider: string; readonly row: PriceRow }>(
    before.flatMap(({ provider, rows: own }) =>
      own.map((row) => [`${provider}/${row.model}`, { provider, row }] as const),
    ),
  );
  const changes: CatalogueChange[] = [];
  for (const { provider, rows: own } of after) {
    for (const row of own) {
      const name = `${provider}/${row.model}`;
      const change = rowChange(provider, rows.get(name)?.row, row);
      if (change !== undefined) changes.push(change);
      rows.delete(name);
    }
  }
  const gone = [...rows.values()].map(({ provider, row }) => ({
    provider,
    model: row.model,
    kind: 'gone' as const,
    changes: [],
    hasOtherIds: false,
  }));
  return [...changes, ...gone];
}

function rowChange(
  provider: string,
  before: PriceRow | undefined,
  after: PriceRow,
): CatalogueChange | undefined {
  const { model } = after;
  if (before === undefined) {
    return { provider, model, kind: 'new', changes: [], hasOtherIds: false };
  }
  const hasOtherIds = identityOf(before) !== identityOf(after);
  const changes = after.prices.flatMap((price) =>
    changesBetween(
      before.prices.find((old) => isAtSameTime(old, price)) ?? before.prices.at(-1),
      price,
    ),
  );
  if (changes.length === 0 && !hasOtherIds) return undefined;
  return { provider, model, kind: 'changed', changes, hasOtherIds };
}

function identityOf({ ids, patterns = [] }: PriceRow): string {
  return JSON.stringify([ids, patterns]);
}

function isAtSameTime(a: DatedPrice, b: DatedPrice): boolean {
  return (
    a.effectiveFromMs === b.effectiveFromMs &&
    a.dailyUtc?.fromMs === b.dailyUtc?.fromMs &&
    a.dailyUtc?.untilMs === b.dailyUtc?.untilMs
  );
}
