/**
 * Builds `packages/core/src/pricing/catalogue/` from the data of `@pydantic/genai-prices`: a module for each
 * provider, and one of all of them.
 *
 * Prints what changes, what was left out and what was rounded. A price that changes by more than a factor of
 * a hundred, a source or a day that is older than the present one are refused; `--force` writes all the same.
 *
 * `--check` builds in memory and exits with 1 if a committed file differs; it never writes. `--date
 * YYYY-MM-DD` is the day written into the files; without it the day in the present files stays, as long as
 * the version of the source does, so that the output depends on nothing but its inputs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ProviderPrices } from '../packages/core/src/pricing/price-table.ts';
import { buildCatalogue } from './price-table/build-catalogue.ts';
import { printCatalogue } from './price-table/print.ts';
import { reportChanges } from './price-table/report-changes.ts';
import { sourceProviders, sourceVersion } from './price-table/source-catalogue.ts';

const CATALOGUE = new URL('../packages/core/src/pricing/catalogue/', import.meta.url);

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
    date: { type: 'string' },
  },
});

const present = presentFiles();
const presentIndex = present.get('index.ts') ?? '';
const { providers, notes } = buildCatalogue(await sourceProviders());
const generatedOn = generationDate();
const files = printCatalogue({
  sourceVersion: sourceVersion(),
  generatedOn,
  providers,
  leftOut: notes.leftOut,
});
const stale = [...new Set([...files.keys(), ...present.keys()])].filter(
  (name) => files.get(name) !== present.get(name),
);
if (stale.length === 0) console.log(`prices: ${providers.length} providers, up to date`);
else if (options.check) {
  console.error(`prices: ${stale.join(', ')} differ from their source; run pnpm build:prices`);
  process.exitCode = 1;
} else if (await isAcceptable()) write();

/** Prints what changes, and decides whether it may. */
async function isAcceptable(): Promise<boolean> {
  const { lines, absurd } = reportChanges(await presentProviders(), providers);
  print('changed', lines);
  print('left out', notes.leftOut);
  print('rounded up', notes.rounded);
  const problems = [...absurd.map((line) => `absurd: ${line}`), ...olderThanPresent()];
  if (problems.length === 0) return true;
  for (const problem of problems) console.error(problem);
  if (options.force) return true;
  console.error('prices: nothing was written; --force writes it all the same');
  process.exitCode = 1;
  return false;
}

function olderThanPresent(): readonly string[] {
  const problems: string[] = [];
  const date = presentDate();
  if (date !== undefined && generatedOn < date) {
    problems.push(`older: the day is ${generatedOn}, and the present table is of ${date}`);
  }
  const version = /'genai-prices-([0-9.]+)-/.exec(presentIndex)?.[1];
  if (version !== undefined && isOlder(sourceVersion(), version)) {
    problems.push(`older: the source is ${sourceVersion()}, and the present table of ${version}`);
  }
  return problems;
}

function isOlder(version: string, other: string): boolean {
  return version.localeCompare(other, 'en', { numeric: true }) < 0;
}

function print(what: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log([`${what}:`, ...lines.map((line) => `  ${line}`)].join('\n'));
}

function write(): void {
  mkdirSync(CATALOGUE, { recursive: true });
  for (const name of present.keys()) if (!files.has(name)) rmSync(new URL(name, CATALOGUE));
  for (const [name, content] of files) writeFileSync(new URL(name, CATALOGUE), content);
  console.log(`prices: ${providers.length} providers, written to ${CATALOGUE.pathname}`);
}

function presentFiles(): ReadonlyMap<string, string> {
  const names = existsSync(CATALOGUE) ? readdirSync(CATALOGUE).toSorted() : [];
  return new Map(names.map((name) => [name, readFileSync(new URL(name, CATALOGUE), 'utf8')]));
}

async function presentProviders(): Promise<readonly ProviderPrices[]> {
  if (presentIndex === '') return [];
  const module = (await import(new URL('index.ts', CATALOGUE).href)) as {
    readonly CATALOGUE: readonly ProviderPrices[];
  };
  return module.CATALOGUE;
}

function presentDate(): string | undefined {
  return /build-price-table\.ts on (\d{4}-\d{2}-\d{2});/.exec(presentIndex)?.[1];
}

function generationDate(): string {
  if (options.date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(options.date)) return options.date;
  const date = presentDate();
  const isSameSource = presentIndex.includes(`'genai-prices-${sourceVersion()}-`);
  if (date !== undefined && (isSameSource || options.check)) return date;
  throw new Error('the source is new: give the day with --date YYYY-MM-DD');
}
