/** Prices and their changes as lines of a terminal. */
import {
  type CatalogueChange,
  formatUsd,
  isAbsurd,
  type ModelChanges,
  type NanoUsdPerMillion,
  percentOf,
  type Price,
  type PriceChange,
} from '@bursar/core';

/** One price in full: where it is from, and every number of it. */
export function linesOfPrice(model: string, price: Price): readonly string[] {
  const { nanoUsdPerMillion, contextTiers = [], serviceTiers = {}, minimumUnits = {} } = price;
  return [
    `${model} is charged as ${price.model}${price.provider === undefined ? ', a price of your own' : ` of ${price.provider}`}`,
    `prices ${price.version}`,
    ...linesOfNumbers('USD per million units', nanoUsdPerMillion),
    ...contextTiers.flatMap((tier) =>
      linesOfNumbers(`above ${tier.aboveInputTokens} input tokens`, tier.nanoUsdPerMillion),
    ),
    ...section(
      'service tiers, times the token prices',
      Object.entries(serviceTiers).map(([tier, [numerator, denominator]]) => [
        tier,
        denominator === 1 ? String(numerator) : `${numerator}/${denominator}`,
      ]),
    ),
    ...section(
      'charged at least',
      Object.entries(minimumUnits).map(([name, units]) => [name, String(units)]),
    ),
  ];
}

/** Models in a table: name, input, cached input and output in USD per million. */
export function tableOfPrices(
  models: readonly { readonly name: string; readonly prices: NanoUsdPerMillion }[],
): readonly string[] {
  const rows = [
    ['model', 'input', 'cached', 'output'],
    ...models.map(({ name, prices }) => [
      name,
      usdOf(prices.inputTokens),
      usdOf(prices.cachedInputTokens),
      usdOf(prices.outputTokens),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

/** What a prices file changes, with the day from which it does. */
export function linesOfModelChanges(
  { model, atMs, changes }: ModelChanges,
  nowMs: number,
): readonly string[] {
  const from = atMs > nowMs ? ` from ${new Date(atMs).toISOString().slice(0, 10)}` : '';
  return changes.map((change) => `${model}${from}  ${lineOfChange(change)}`);
}

/** What another catalogue changes. */
export function linesOfCatalogueChange(change: CatalogueChange): readonly string[] {
  const name = `${change.provider}/${change.model}`;
  if (change.kind !== 'changed') return [`${name}  ${change.kind}`];
  return [
    ...(change.hasOtherIds ? [`${name}  other ids`] : []),
    ...change.changes.map((number) => `${name}  ${lineOfChange(number)}`),
  ];
}

function lineOfChange(change: PriceChange): string {
  const { what, aboveInputTokens, before, after } = change;
  const where = aboveInputTokens === 0 ? '' : ` above ${aboveInputTokens}`;
  const absurd = isAbsurd(change) ? '  absurd' : '';
  return `${what}${where}  ${usdOf(before)} → ${usdOf(after)}  ${percentOf(change)}${absurd}`;
}

function linesOfNumbers(title: string, prices: NanoUsdPerMillion): readonly string[] {
  return section(
    title,
    Object.entries(prices).map(([name, nanoUsd]) => [name, usdOf(nanoUsd)]),
  );
}

function section(
  title: string,
  entries: readonly (readonly [string, string])[],
): readonly string[] {
  if (entries.length === 0) return [];
  return [`${title}:`, ...entries.map(([name, value]) => `  ${name.padEnd(24)}${value}`)];
}

function usdOf(nanoUsd: number | undefined): string {
  return nanoUsd === undefined ? '-' : formatUsd(BigInt(nanoUsd));
}
