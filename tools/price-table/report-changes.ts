/** What a new build changes in the committed price table, as lines to print, and which of it is absurd. */
import { formatUsd } from '../../packages/core/src/amount.ts';
import {
  type CatalogueChange,
  compareCatalogues,
} from '../../packages/core/src/pricing/catalogue-change.ts';
import {
  isAbsurd,
  percentOf,
  type PriceChange,
} from '../../packages/core/src/pricing/price-change.ts';
import type { ProviderPrices } from '../../packages/core/src/pricing/price-table.ts';

/** The difference of two catalogues. */
export interface ChangeReport {
  readonly lines: readonly string[];
  /** The lines that no vendor can have meant. */
  readonly absurd: readonly string[];
}

/** What `after` changes in `before`. */
export function reportChanges(
  before: readonly ProviderPrices[],
  after: readonly ProviderPrices[],
): ChangeReport {
  const changes = compareCatalogues(before, after);
  const lines: string[] = [];
  const absurd: string[] = [];
  for (const change of changes.filter(({ kind }) => kind === 'changed')) {
    const name = `${change.provider}/${change.model}`;
    if (change.hasOtherIds) lines.push(`${name}: other ids`);
    for (const number of change.changes) {
      const line = `${name}: ${lineOf(number)}`;
      lines.push(line);
      if (isAbsurd(number)) absurd.push(line);
    }
  }
  for (const kind of ['new', 'gone'] as const) {
    for (const [provider, models] of byProvider(changes.filter((change) => change.kind === kind))) {
      lines.push(`${provider}: ${models.length} ${kind}: ${shortList(models)}`);
    }
  }
  return { lines, absurd };
}

function byProvider(changes: readonly CatalogueChange[]): ReadonlyMap<string, readonly string[]> {
  const models = new Map<string, string[]>();
  for (const { provider, model } of changes) {
    models.set(provider, [...(models.get(provider) ?? []), model]);
  }
  return models;
}

function lineOf(change: PriceChange): string {
  const { what, aboveInputTokens, before, after } = change;
  const usd = (nano: number | undefined): string =>
    nano === undefined ? 'none' : formatUsd(BigInt(nano));
  const where = aboveInputTokens === 0 ? '' : ` above ${aboveInputTokens} tokens`;
  return `${what}${where} ${usd(before)} → ${usd(after)} (${percentOf(change)})`;
}

const SHOWN_MAX = 20;

function shortList(names: readonly string[]): string {
  return names.slice(0, SHOWN_MAX).join(', ') + (names.length > SHOWN_MAX ? ', …' : '');
}
