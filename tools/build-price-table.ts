/**
 * Builds `packages/core/src/pricing/catalogue/<provider>.ts` from the data of `@pydantic/genai-prices`.
 *
 * `--check` builds in memory and exits with 1 if a committed file differs; it never writes. `--date
 * YYYY-MM-DD` is the day written into the files; without it the day in the present file stays, as long as
 * the version of the source does, so that the output depends on nothing but its inputs.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { amend, type Amendment } from './price-table/amendments.ts';
import { priceRow } from './price-table/convert.ts';
import { OPENAI_AMENDMENTS } from './price-table/openai-amendments.ts';
import { printCatalogue } from './price-table/print.ts';
import { sourceModels, sourceVersion } from './price-table/source-catalogue.ts';

interface Provider {
  readonly id: string;
  readonly constant: string;
  readonly amendments: readonly Amendment[];
}

const PROVIDERS: readonly Provider[] = [
  { id: 'openai', constant: 'OPENAI', amendments: OPENAI_AMENDMENTS },
];

const CATALOGUE = new URL('../packages/core/src/pricing/catalogue/', import.meta.url);

const { values: options } = parseArgs({
  options: { check: { type: 'boolean', default: false }, date: { type: 'string' } },
});

let stale = false;
for (const provider of PROVIDERS) {
  const file = new URL(`${provider.id}.ts`, CATALOGUE);
  const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const content = printCatalogue({
    provider: provider.id,
    constant: provider.constant,
    sourceVersion: sourceVersion(),
    generatedOn: generationDate(present, options.check),
    amended: provider.amendments.map(({ model }) => model),
    rows: amend(sourceModels(provider.id), provider.amendments).map((model) =>
      priceRow(provider.id, model),
    ),
  });
  if (content === present) {
    console.log(`prices of ${provider.id}: up to date`);
  } else if (options.check) {
    stale = true;
    console.error(`prices of ${provider.id}: differ from their source; run pnpm build:prices`);
  } else {
    writeFileSync(file, content);
    console.log(`prices of ${provider.id}: written to ${file.pathname}`);
  }
}
if (stale) process.exitCode = 1;

function generationDate(present: string, checking: boolean): string {
  if (options.date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(options.date)) return options.date;
  const date = /build-price-table\.ts on (\d{4}-\d{2}-\d{2});/.exec(present)?.[1];
  const isSameSource = present.includes(`genai-prices ${sourceVersion()} `);
  if (date !== undefined && (isSameSource || checking)) return date;
  throw new Error('the source is new: give the day with --date YYYY-MM-DD');
}
