/** From the environment to a running Bursar, for every command. */
import { formatUsd } from '@bursar/core';
import { systemClock } from '../clock/system-clock.ts';
import { type Config, readConfig, secretsIn } from '../config.ts';
import type { StoreLocation } from '../open-store.ts';
import { readPrices } from '../prices-file.ts';
import { createLog, type Log } from '../telemetry/logger.ts';
import { type Bursar, type BursarOptions, createBursar } from '../wiring.ts';
import type { Terminal } from './terminal.ts';

/** Where the configuration says the books are. */
export function storeLocationOf(config: Config): StoreLocation {
  const { databaseUrl, redisUrl, dataDirectory, cacheDirectory } = config;
  if (databaseUrl !== null && redisUrl !== null) {
    const { redisShards: shards, redisPrefix: keyPrefix, sync } = config;
    return { kind: 'hybrid', databaseUrl, redisUrl, shards, keyPrefix, sync };
  }
  if (databaseUrl !== null) return { kind: 'postgres', url: databaseUrl };
  return {
    kind: 'pglite',
    directory: dataDirectory,
    ...(cacheDirectory === null ? {} : { imageDirectory: cacheDirectory }),
  };
}

/** A log as the configuration wants it. */
export function logOf(config: Config, terminal: Terminal): Log {
  return createLog({
    level: config.logLevel,
    destination: terminal.logs,
    secrets: secretsIn(config),
  });
}

/** The options that `config` stands for. Reads the prices file. */
export async function bursarOptionsOf(config: Config, log: Log): Promise<BursarOptions> {
  return {
    store: storeLocationOf(config),
    defaultLimitUsd: config.defaultLimit === null ? null : formatUsd(config.defaultLimit),
    prices: await readPrices(config.pricesFile, systemClock.nowMs()),
    bootstrapToken: config.bootstrapToken ?? undefined,
    ownKeySecrets: config.ownKeySecrets ?? undefined,
    tentativeTtlMs: config.tentativeTtlMs,
    dispatchedTtlMs: config.dispatchedTtlMs,
    inputTokensMax: config.inputTokensMax,
    learnedEstimates: config.learnedEstimates,
    sweepIntervalMs: config.sweepIntervalMs,
    shutdownMs: config.shutdownMs,
    log,
  };
}

/** Opens the books that the environment names, lets `use` work with them, and closes them again. */
export async function withBursar(
  terminal: Terminal,
  use: (bursar: Bursar) => Promise<number>,
): Promise<number> {
  return withBooks(readConfig(terminal.environment), terminal, use);
}

/** The same without Redis: for what concerns the ledger alone, and is needed when Redis is not as it must be. */
export async function withLedger(
  terminal: Terminal,
  use: (bursar: Bursar) => Promise<number>,
): Promise<number> {
  return withBooks({ ...readConfig(terminal.environment), redisUrl: null }, terminal, use);
}

async function withBooks(
  config: Config,
  terminal: Terminal,
  use: (bursar: Bursar) => Promise<number>,
): Promise<number> {
  // Answers go to the terminal; what the parts log would only get between them.
  const log = logOf({ ...config, logLevel: 'silent' }, terminal);
  const bursar = await createBursar(await bursarOptionsOf(config, log));
  try {
    return await use(bursar);
  } finally {
    await bursar.close();
  }
}
