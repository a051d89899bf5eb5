/** Configuration: defaults, and what is said when it cannot be used. */
import { describe, expect, it } from 'vitest';
import {
  ConfigInvalid,
  readConfig,
  redactedConfig,
  secretsIn,
  unknownVariables,
} from '../src/config.ts';

const TOKEN = 'a-bootstrap-token-of-32-characters';
const OWN_KEY_SECRET = Buffer.from('canary'.padEnd(32, '!')).toString('base64');
const OWN_KEY_SECRETS = `k2:${Buffer.alloc(32, 2).toString('base64')}, k1:${OWN_KEY_SECRET}`;
const REDIS_URL = 'redis://bursar:canary-password@redis.example:6379';
const DATABASE_URL = 'postgres://bursar:canary-password@db.example:5432/bursar';

/** The sentences with which `environment` is refused. */
function problemsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.problems;
    throw error;
  }
  return [];
}

describe('an empty environment', () => {
  const DEFAULT_CONFIG = {
    host: '127.0.0.1',
    port: 4600,
    databaseUrl: null,
    redisUrl: null,
    redisShards: 1,
    redisPrefix: 'bursar',
    sync: 'seconds',
    dataDirectory: '.bursar/data',
    cacheDirectory: null,
    defaultLimit: 5_000_000_000,
    whenAway: 'refuse',
    allowance: null,
    bootstrapToken: null,
    ownKeySecrets: null,
    pricesFile: null,
    logLevel: 'info',
    sweepIntervalMs: 1_000,
    shutdownMs: 10_000,
    tentativeTtlMs: 600_000,
    dispatchedTtlMs: 60_000,
    inputTokensMax: 2_000_000,
    learnedEstimates: false,
  };

  it('is a configuration: embedded, local, five dollars a month', () => {
    expect(readConfig({})).toEqual(DEFAULT_CONFIG);
  });

  it('is what variables without a value are', () => {
    expect(readConfig({ BURSAR_PORT: '', DATABASE_URL: '', BURSAR_LOG_LEVEL: '' })).toEqual(
      DEFAULT_CONFIG,
    );
  });
});

it('F13: a Redis that servers share is refused without a database that they share', () => {
  expect(problemsOf({ REDIS_URL })).toEqual([
    expect.stringMatching(
      /^REDIS_URL needs DATABASE_URL: .* Set DATABASE_URL, or leave REDIS_URL out\.$/,
    ),
  ]);
});

it('a Redis Cluster is reached by any of several URLs, each of which must be one', () => {
  const urls = `${REDIS_URL},rediss://other.example:6380`;
  const DATABASE_URL = 'postgres://bursar@db.example/bursar';
  expect(readConfig({ DATABASE_URL, REDIS_URL: urls }).redisUrl).toBe(urls);
  expect(problemsOf({ DATABASE_URL, REDIS_URL: `${REDIS_URL},other.example:6380` })).toEqual([
    expect.stringMatching(/^REDIS_URL must be a URL .* or several of one cluster/),
  ]);
});

it('letting calls through needs a database that can be away, and an allowance', () => {
  expect(problemsOf({ BURSAR_WHEN_AWAY: 'allow' })).toEqual([
    expect.stringMatching(
      /^BURSAR_WHEN_AWAY=allow needs DATABASE_URL: .+ leave BURSAR_WHEN_AWAY out\.$/,
    ),
    expect.stringMatching(/^BURSAR_WHEN_AWAY=allow needs BURSAR_ALLOWANCE_USD: .+ out\.$/),
  ]);
  expect(problemsOf({ DATABASE_URL, BURSAR_WHEN_AWAY: 'allow' })).toHaveLength(1);
  expect(problemsOf({ DATABASE_URL, BURSAR_ALLOWANCE_USD: '1.00' })).toEqual([]);
});

describe('every variable', () => {
  it('is read', () => {
    const environment = {
      BURSAR_HOST: '0.0.0.0',
      BURSAR_PORT: '0',
      DATABASE_URL,
      REDIS_URL,
      BURSAR_REDIS_SHARDS: '16',
      BURSAR_REDIS_PREFIX: 'purse',
      BURSAR_SYNC: 'minutes',
      BURSAR_DATA_DIR: '/var/lib/bursar',
      BURSAR_DEFAULT_LIMIT_USD: 'none',
      BURSAR_WHEN_AWAY: 'allow',
      BURSAR_ALLOWANCE_USD: '12.50',
      BURSAR_BOOTSTRAP_TOKEN: TOKEN,
      BURSAR_OWN_KEY_SECRETS: OWN_KEY_SECRETS,
      BURSAR_PRICES_FILE: 'prices.json',
      BURSAR_LOG_LEVEL: 'debug',
      BURSAR_SWEEP_INTERVAL_MS: '250',
      BURSAR_SHUTDOWN_MS: '0',
      BURSAR_TENTATIVE_TTL_MS: '60000',
      BURSAR_DISPATCHED_TTL_MS: '30000',
      BURSAR_INPUT_TOKENS_MAX: '300000',
      BURSAR_LEARNED_ESTIMATES: 'on',
    };
    expect(readConfig(environment)).toEqual({
      host: '0.0.0.0',
      port: 0,
      databaseUrl: DATABASE_URL,
      redisUrl: REDIS_URL,
      redisShards: 16,
      redisPrefix: 'purse',
      sync: 'minutes',
      dataDirectory: '/var/lib/bursar',
      cacheDirectory: null,
      defaultLimit: null,
      whenAway: 'allow',
      allowance: 12_500_000_000,
      bootstrapToken: TOKEN,
      ownKeySecrets: OWN_KEY_SECRETS,
      pricesFile: 'prices.json',
      logLevel: 'debug',
      sweepIntervalMs: 250,
      shutdownMs: 0,
      tentativeTtlMs: 60_000,
      dispatchedTtlMs: 30_000,
      inputTokensMax: 300_000,
      learnedEstimates: true,
    });
    expect(unknownVariables(environment)).toEqual([]);
  });

  it.each([
    ['BURSAR_HOST', 'not a host'],
    ['BURSAR_PORT', 'http'],
    ['BURSAR_PORT', '65536'],
    ['BURSAR_PORT', '-1'],
    ['BURSAR_PORT', '4600.5'],
    ['BURSAR_PORT', '0x10'],
    ['BURSAR_INPUT_TOKENS_MAX', '0'],
    ['BURSAR_LEARNED_ESTIMATES', 'true'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'postgres://['],
    ['BURSAR_DATA_DIR', 'a\0b'],
    ['BURSAR_DEFAULT_LIMIT_USD', '5,00'],
    ['BURSAR_DEFAULT_LIMIT_USD', '-5'],
    ['BURSAR_DEFAULT_LIMIT_USD', '1e3'],
    ['BURSAR_DEFAULT_LIMIT_USD', '99999999'],
    ['BURSAR_WHEN_AWAY', 'perhaps'],
    ['BURSAR_ALLOWANCE_USD', '0'],
    ['BURSAR_ALLOWANCE_USD', '100000.01'],
    ['BURSAR_ALLOWANCE_USD', 'none'],
    ['BURSAR_BOOTSTRAP_TOKEN', 'too short'],
    ['BURSAR_BOOTSTRAP_TOKEN', 'with blanks with blanks with blanks'],
    ['BURSAR_OWN_KEY_SECRETS', 'a-secret-without-a-name'],
    ['BURSAR_OWN_KEY_SECRETS', 'k1:tooShort'],
    ['BURSAR_LOG_LEVEL', 'loud'],
    ['BURSAR_SWEEP_INTERVAL_MS', '0'],
    ['BURSAR_SHUTDOWN_MS', '1h'],
    ['BURSAR_TENTATIVE_TTL_MS', '1'],
    ['BURSAR_DISPATCHED_TTL_MS', '99999999'],
  ])('%s = %j is refused by name, with the problem and the fix', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      new RegExp(`^${name} must .+(leave it out|such as|for example|path of a directory).*\\.$`),
    );
  });
});

describe('several problems', () => {
  it('are named all at once', () => {
    const problems = problemsOf({
      BURSAR_PORT: 'http',
      DATABASE_URL: 'nonsense',
      BURSAR_LOG_LEVEL: 'x',
    });
    expect(problems.map((line) => line.split(' ')[0])).toEqual([
      'BURSAR_PORT',
      'DATABASE_URL',
      'BURSAR_LOG_LEVEL',
    ]);
  });
});

describe('secrets', () => {
  it('are in no printed configuration and in no complaint about one', () => {
    const config = readConfig({
      DATABASE_URL,
      BURSAR_BOOTSTRAP_TOKEN: TOKEN,
      BURSAR_OWN_KEY_SECRETS: OWN_KEY_SECRETS,
    });
    const printed = JSON.stringify(redactedConfig(config));
    expect(printed).toContain('db.example');
    expect(printed).not.toContain(TOKEN);
    expect(printed).not.toContain('canary-password');
    expect(printed).not.toContain(OWN_KEY_SECRET);
    expect(printed).toContain('"ownKeys":"encrypted"');
    const problems = problemsOf({
      DATABASE_URL: 'mysql://u:canary-password@h/d',
      BURSAR_BOOTSTRAP_TOKEN: 'short-canary',
      BURSAR_OWN_KEY_SECRETS: `k1:${OWN_KEY_SECRET}canary`,
    });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(OWN_KEY_SECRET.slice(0, 12));
    expect(problems.join()).not.toContain('canary');
  });

  it('are known to the log, in the form in which they are used too', () => {
    const config = readConfig({
      DATABASE_URL: 'postgres://bursar:p%40ssword%21%21@db.example/bursar',
      BURSAR_BOOTSTRAP_TOKEN: TOKEN,
      BURSAR_OWN_KEY_SECRETS: `k1:${OWN_KEY_SECRET}`,
    });
    expect(secretsIn(config)).toEqual([TOKEN, OWN_KEY_SECRET, 'p%40ssword%21%21', 'p@ssword!!']);
    expect(secretsIn(readConfig({}))).toEqual([]);
  });
});

describe('a variable that nothing reads', () => {
  it('is noticed when it looks like one of ours', () => {
    expect(unknownVariables({ BURSAR_PROT: '1', BURSAR_PORT: '1', PATH: '/bin' })).toEqual([
      'BURSAR_PROT',
    ]);
  });
});
