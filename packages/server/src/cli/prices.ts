/** `bursar prices …`: what calls cost here, and what a file would change. Opens no books. */
import {
  changesOf,
  compareCatalogues,
  type InstantMs,
  isPriceSnapshot,
  parsePriceFile,
  parsePriceSnapshot,
  priceInEffect,
  priceOrThrow,
  priceFileProblems,
  type PriceTable,
  priceSnapshotOf,
  withPriceFile,
} from '@bursar/core';
import { DEFAULT_PRICE_TABLE } from '@bursar/core/catalogue';
import { systemClock } from '../clock/system-clock.ts';
import { readConfig } from '../config.ts';
import { readJsonFile, readPrices } from '../prices-file.ts';
import type { CliCommand } from './command.ts';
import {
  linesOfCatalogueChange,
  linesOfModelChanges,
  linesOfPrice,
  tableOfPrices,
} from './price-lines.ts';
import type { Terminal } from './terminal.ts';

const PROVIDER = { value: 'PROVIDER', help: 'whoever sells the call, e.g. openai' } as const;
const JSON_OPTION = { help: 'as JSON' } as const;
const FILE = { name: 'FILE', help: 'a prices file, or a table that prices show --json printed' };

export const pricesShow: CliCommand = {
  name: 'prices show',
  summary: 'Shows the price of a model as it applies now, or of all of them.',
  operand: { name: 'MODEL', help: 'the model, as its provider names it', isOptional: true },
  options: { provider: PROVIDER, json: JSON_OPTION },
  async run(given, terminal) {
    const { MODEL: model, provider, json } = given;
    const nowMs = systemClock.nowMs();
    const table = await presentTable(terminal, nowMs);
    if (model === undefined) {
      const shown = onlyOf(table, provider);
      if (shown.source.providers?.length === 0) {
        terminal.err(`There is no provider ${JSON.stringify(provider)} in the catalogue.\n`);
        return 1;
      }
      print(terminal, json, priceSnapshotOf(shown), () => tableOfPrices(modelsOf(shown, nowMs)));
      return 0;
    }
    const price = priceOrThrow(table, model, nowMs, provider);
    print(terminal, json, price, () => linesOfPrice(model, price));
    return 0;
  },
};

export const pricesDiff: CliCommand = {
  name: 'prices diff',
  summary: 'Shows what a file changes in the prices that apply here, model by model, in percent.',
  operand: FILE,
  options: { json: JSON_OPTION },
  async run({ FILE: path = '', json }, terminal) {
    const nowMs = systemClock.nowMs();
    const table = await presentTable(terminal, nowMs);
    const value = await readJsonFile(path, 'FILE');
    if (isPriceSnapshot(value)) {
      const { providers = [] } = table.source;
      const changes = compareCatalogues(providers, parsePriceSnapshot(value).providers);
      print(terminal, json, changes, () => changes.flatMap(linesOfCatalogueChange));
      return 0;
    }
    const changes = changesOf(table, parsePriceFile(value), nowMs).filter(
      (model) => model.changes.length > 0,
    );
    print(terminal, json, changes, () =>
      changes.flatMap((model) => linesOfModelChanges(model, nowMs)),
    );
    return 0;
  },
};

export const pricesCheck: CliCommand = {
  name: 'prices check',
  summary: 'Checks a prices file as the server would. Exit code 1 if it would be refused.',
  operand: { name: 'FILE', help: 'a prices file' },
  options: {},
  async run({ FILE: path = '' }, terminal) {
    const nowMs = systemClock.nowMs();
    const file = parsePriceFile(await readJsonFile(path, 'FILE'));
    const problems = priceFileProblems(DEFAULT_PRICE_TABLE, file, nowMs);
    for (const { message } of problems) terminal.err(`${message}.\n`);
    if (problems.length > 0) return 1;
    const { version } = withPriceFile(DEFAULT_PRICE_TABLE, file, nowMs);
    terminal.out(`${file.overrides.length} models, prices ${version}\n`);
    return 0;
  },
};

/** The table that a server with this environment has. */
async function presentTable(terminal: Terminal, nowMs: InstantMs): Promise<PriceTable> {
  return readPrices(readConfig(terminal.environment).pricesFile, nowMs);
}

/** `table` with one of its providers only. */
function onlyOf(table: PriceTable, provider: string | undefined): PriceTable {
  if (provider === undefined) return table;
  const { providers = [], overrides: _own, ...source } = table.source;
  const kept = providers.filter(
    (prices) => prices.provider === provider || prices.aliases?.includes(provider) === true,
  );
  return { ...table, source: { ...source, providers: kept } };
}

function modelsOf({ source }: PriceTable, nowMs: InstantMs) {
  const own = (source.overrides ?? []).map((override) => ({
    name: override.model,
    prices:
      ('prices' in override ? priceInEffect(override.prices, nowMs)?.nanoUsdPerMillion : {}) ?? {},
  }));
  const catalogued = (source.providers ?? []).flatMap(({ provider, rows }) =>
    rows.map((row) => ({
      name: `${provider}/${row.model}`,
      prices: priceInEffect(row.prices, nowMs)?.nanoUsdPerMillion ?? {},
    })),
  );
  return [...own, ...catalogued];
}

function print(
  terminal: Terminal,
  json: string | undefined,
  value: unknown,
  lines: () => readonly string[],
): void {
  terminal.out(
    json === 'true'
      ? `${JSON.stringify(value, null, 2)}\n`
      : lines()
          .map((line) => `${line}\n`)
          .join(''),
  );
}
