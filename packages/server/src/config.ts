/**
 * Configuration: every variable that the server reads, with its default and its bounds, in one place.
 *
 * All problems are reported at once, each naming the variable, what is wrong and what to write instead. An
 * empty variable counts as absent. Secrets are never part of a message.
 */
import { TTL_MS_MAX, TTL_MS_MIN } from '@bursar/api';
import { type Amount, formatUsd, parseUsd } from '@bursar/core';
import { z } from 'zod';
import { DEFAULTS } from './defaults.ts';
import { ALLOWANCE_MAX, parseAllowance } from './lenient/allowance.ts';
import { KeyRing, secretTextsIn } from './own-keys/key-ring.ts';
import { SYNC_PRESETS, type SyncPreset } from './sync/plan-sync.ts';
import { LOG_LEVELS, type LogLevel } from './telemetry/logger.ts';
import { redactText } from './telemetry/redact.ts';

/** What the process works with. Durations in milliseconds. */
export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** `null`: PGlite in `dataDirectory`. */
  readonly databaseUrl: string | null;
  /** `null`: PostgreSQL alone decides. */
  readonly redisUrl: string | null;
  readonly redisShards: number;
  readonly redisPrefix: string;
  readonly sync: SyncPreset;
  readonly dataDirectory: string;
  /** `null`: nothing is kept, and each new embedded database is made from scratch. */
  readonly cacheDirectory: string | null;
  /** A month's limit of users without their own; `null`: none. */
  readonly defaultLimit: Amount | null;
  /** What happens to calls while no store answers. */
  readonly whenAway: 'refuse' | 'allow';
  /** What may be let through then; `null` only if nothing is. */
  readonly allowance: Amount | null;
  readonly bootstrapToken: string | null;
  /** `name:secret` of each, newest first; `null`: users' own keys are not kept. */
  readonly ownKeySecrets: string | null;
  readonly pricesFile: string | null;
  readonly logLevel: LogLevel;
  readonly sweepIntervalMs: number;
  readonly shutdownMs: number;
  readonly tentativeTtlMs: number;
  readonly dispatchedTtlMs: number;
  readonly inputTokensMax: number;
  /** Whether calls without an output cap are estimated by what such calls have used. */
  readonly learnedEstimates: boolean;
}

/** The environment does not make a configuration. `problems` has one sentence for each variable at fault. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(['The configuration cannot be used:', ...problems.map((line) => `- ${line}`)].join('\n'));
    this.problems = problems;
  }
}

const whole = (fallback: number, min: number, max: number, fix: string) =>
  z
    .string()
    .refine((text) => /^[0-9]{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      message: `must be a whole number from ${min} to ${max}${fix}; leave it out for ${fallback}`,
    })
    .transform(Number)
    .default(fallback);

const milliseconds = (fallback: number, min: number, max: number) =>
  whole(fallback, min, max, ' (milliseconds)');

const limitProblem = `must be decimal USD such as 5.00, for one month, or "none" for no limit; leave it out for ${DEFAULTS.defaultLimitUsd}`;

const allowanceProblem = `must be decimal USD such as 10.00, more than 0 and at most ${formatUsd(ALLOWANCE_MAX)}: what this server may let through in one outage`;

const SCHEMA = z.object({
  BURSAR_HOST: z
    .string()
    .regex(
      /^[A-Za-z0-9.:_-]{1,255}$/,
      `must be a host name or address; leave it out for ${DEFAULTS.host}`,
    )
    .default(DEFAULTS.host),
  BURSAR_PORT: whole(DEFAULTS.port, 0, 65_535, ' (0: any free port)'),
  DATABASE_URL: z
    .string()
    .refine((text) => /^postgres(ql)?:\/\//.test(text) && URL.canParse(text), {
      message:
        'must be a URL such as postgres://user:password@host:5432/database; leave it out for the embedded database',
    })
    .nullable()
    .default(null),
  REDIS_URL: z
    .string()
    .refine(
      (text) => text.split(',').every((url) => /^rediss?:\/\//.test(url) && URL.canParse(url)),
      {
        message:
          'must be a URL such as redis://user:password@host:6379 (rediss:// for TLS), or several of one cluster with commas between; leave it out and PostgreSQL alone decides',
      },
    )
    .nullable()
    .default(null),
  BURSAR_REDIS_SHARDS: whole(
    DEFAULTS.redisShards,
    1,
    256,
    ' (1 for a single Redis); every server of one Redis needs the same',
  ),
  BURSAR_REDIS_PREFIX: z
    .string()
    .regex(
      /^[A-Za-z0-9_.-]{1,40}$/,
      `must be 1 to 40 letters, digits and _.-; leave it out for ${DEFAULTS.redisPrefix}`,
    )
    .default(DEFAULTS.redisPrefix),
  BURSAR_SYNC: z
    .enum(
      Object.keys(SYNC_PRESETS) as [SyncPreset, ...SyncPreset[]],
      'must be seconds, or minutes for the 1, 5 and 10 minutes by load; leave it out for seconds',
    )
    .default(DEFAULTS.sync),
  BURSAR_DATA_DIR: z
    .string()
    .refine((text) => !text.includes('\0'), 'must be the path of a directory')
    .default(DEFAULTS.dataDirectory),
  BURSAR_CACHE_DIR: z
    .string()
    .refine((text) => !text.includes('\0'), 'must be the path of a directory')
    .nullable()
    .default(null),
  BURSAR_DEFAULT_LIMIT_USD: z
    .string()
    .transform((text, context): Amount | null => {
      if (text === 'none') return null;
      try {
        return parseUsd(text);
      } catch {
        context.addIssue({ code: 'custom', message: limitProblem });
        return z.NEVER;
      }
    })
    .default(parseUsd(DEFAULTS.defaultLimitUsd)),
  BURSAR_WHEN_AWAY: z
    .enum(
      ['refuse', 'allow'],
      `must be refuse, or allow to let calls through while no store answers; leave it out for ${DEFAULTS.whenAway}`,
    )
    .default(DEFAULTS.whenAway),
  BURSAR_ALLOWANCE_USD: z
    .string()
    .transform((text, context): Amount => {
      try {
        return parseAllowance(text);
      } catch {
        context.addIssue({ code: 'custom', message: allowanceProblem });
        return z.NEVER;
      }
    })
    .nullable()
    .default(null),
  BURSAR_BOOTSTRAP_TOKEN: z
    .string()
    .regex(
      /^[\x21-\x7e]{32,400}$/,
      'must be 32 to 400 printable ASCII characters without blanks, for example from: openssl rand -base64 33',
    )
    .nullable()
    .default(null),
  BURSAR_OWN_KEY_SECRETS: z
    .string()
    .superRefine((text, context) => {
      try {
        KeyRing.parse(text, '');
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message.trim() });
      }
    })
    .nullable()
    .default(null),
  BURSAR_PRICES_FILE: z.string().nullable().default(null),
  BURSAR_LOG_LEVEL: z
    .enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}; leave it out for info`)
    .default('info'),
  BURSAR_SWEEP_INTERVAL_MS: milliseconds(DEFAULTS.sweepIntervalMs, 10, 3_600_000),
  BURSAR_SHUTDOWN_MS: milliseconds(DEFAULTS.shutdownMs, 0, 600_000),
  BURSAR_TENTATIVE_TTL_MS: milliseconds(DEFAULTS.tentativeTtlMs, TTL_MS_MIN, TTL_MS_MAX),
  BURSAR_DISPATCHED_TTL_MS: milliseconds(DEFAULTS.dispatchedTtlMs, TTL_MS_MIN, TTL_MS_MAX),
  BURSAR_INPUT_TOKENS_MAX: whole(
    DEFAULTS.inputTokensMax,
    1,
    999_999_999,
    ' (input tokens of one call)',
  ),
  BURSAR_LEARNED_ESTIMATES: z
    .enum(
      ['off', 'on'],
      `must be off, or on to set aside for calls without an output cap what such calls have used; leave it out for ${DEFAULTS.learnedEstimates}`,
    )
    .default(DEFAULTS.learnedEstimates),
});

/** The configuration in `environment`. Throws `ConfigInvalid` with every problem there is. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(
    Object.keys(SCHEMA.shape).flatMap((name) => {
      const value = environment[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
  const result = SCHEMA.safeParse(given);
  if (!result.success) {
    throw new ConfigInvalid(
      result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}.`),
    );
  }
  const { data } = result;
  if (data.REDIS_URL !== null && data.DATABASE_URL === null) {
    throw new ConfigInvalid([
      'REDIS_URL needs DATABASE_URL: servers that share a Redis must share their books, and the embedded database belongs to one process. Set DATABASE_URL, or leave REDIS_URL out.',
    ]);
  }
  if (data.BURSAR_WHEN_AWAY === 'allow') {
    const problems = [
      ...(data.DATABASE_URL === null
        ? [
            'BURSAR_WHEN_AWAY=allow needs DATABASE_URL: the embedded database cannot be away from its own process. Set DATABASE_URL, or leave BURSAR_WHEN_AWAY out.',
          ]
        : []),
      ...(data.BURSAR_ALLOWANCE_USD === null
        ? [
            'BURSAR_WHEN_AWAY=allow needs BURSAR_ALLOWANCE_USD: what this server may let through in one outage, such as 10.00. Set it, or leave BURSAR_WHEN_AWAY out.',
          ]
        : []),
    ];
    if (problems.length > 0) throw new ConfigInvalid(problems);
  }
  return {
    host: data.BURSAR_HOST,
    port: data.BURSAR_PORT,
    databaseUrl: data.DATABASE_URL,
    redisUrl: data.REDIS_URL,
    redisShards: data.BURSAR_REDIS_SHARDS,
    redisPrefix: data.BURSAR_REDIS_PREFIX,
    sync: data.BURSAR_SYNC,
    dataDirectory: data.BURSAR_DATA_DIR,
    cacheDirectory: data.BURSAR_CACHE_DIR,
    defaultLimit: data.BURSAR_DEFAULT_LIMIT_USD,
    whenAway: data.BURSAR_WHEN_AWAY,
    allowance: data.BURSAR_ALLOWANCE_USD,
    bootstrapToken: data.BURSAR_BOOTSTRAP_TOKEN,
    ownKeySecrets: data.BURSAR_OWN_KEY_SECRETS,
    pricesFile: data.BURSAR_PRICES_FILE,
    logLevel: data.BURSAR_LOG_LEVEL,
    sweepIntervalMs: data.BURSAR_SWEEP_INTERVAL_MS,
    shutdownMs: data.BURSAR_SHUTDOWN_MS,
    tentativeTtlMs: data.BURSAR_TENTATIVE_TTL_MS,
    dispatchedTtlMs: data.BURSAR_DISPATCHED_TTL_MS,
    inputTokensMax: data.BURSAR_INPUT_TOKENS_MAX,
    learnedEstimates: data.BURSAR_LEARNED_ESTIMATES === 'on',
  };
}

/** Variables that look like Bursar's and are read by nothing here: typing errors, most likely. */
export function unknownVariables(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return Object.keys(environment).filter(
    (name) => name.startsWith('BURSAR_') && !Object.hasOwn(SCHEMA.shape, name),
  );
}

/** The configuration as it may be printed. */
export function redactedConfig(
  config: Config,
): Readonly<Record<string, string | number | boolean | null>> {
  const {
    bootstrapToken,
    ownKeySecrets,
    databaseUrl,
    redisUrl,
    defaultLimit,
    allowance,
    ...plain
  } = config;
  return {
    ...plain,
    defaultLimitUsd: defaultLimit === null ? 'none' : formatUsd(defaultLimit),
    allowanceUsd: allowance === null ? null : formatUsd(allowance),
    databaseUrl: databaseUrl === null ? null : redactText(databaseUrl),
    redisUrl: redisUrl === null ? null : redactText(redisUrl),
    bootstrap: bootstrapToken === null ? 'not set' : 'set',
    ownKeys: ownKeySecrets === null ? 'not kept' : 'encrypted',
  };
}

/** Texts of the configuration that no log may contain. */
export function secretsIn(config: Config): readonly string[] {
  const passwords = [config.databaseUrl, config.redisUrl].flatMap((url) => {
    const password = url === null ? '' : new URL(url).password;
    return [password, decodeURIComponent(password)];
  });
  const ownKeySecrets = secretTextsIn(config.ownKeySecrets ?? '');
  return [config.bootstrapToken ?? '', ...ownKeySecrets, ...passwords].filter(
    (secret) => secret.length >= 8,
  );
}
