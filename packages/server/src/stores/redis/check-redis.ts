/**
 * Whether a Redis is set up so that budgets are safe in it: says what is wrong and how to put it right. Asked at
 * the start and now and then, because somebody may change it while servers run.
 *
 * What an access list forbids to ask is no problem, only something that nobody has checked.
 */
import { BursarError, CopiesFenced } from '@bursar/core';
import { systemClock } from '../../clock/system-clock.ts';
import type { RedisConnection } from './redis-connection.ts';
import { parseInfo } from './server-info.ts';

/** Since 7.0 scripts are neither stored nor replicated, on which the fence relies. */
const VERSION_LEAST = 7;
/** How far two clocks may be apart; as far as accounts admit outside their period. */
const CLOCK_APART_MS_MAX = 2_000;

/** Redis answers, and must not be used as it is set up: a server does not start on it, and leaves it. */
export class RedisUnfit extends BursarError {
  /** Whether keys may be gone already. */
  readonly mayHaveLost: boolean;

  constructor(message: string, { mayHaveLost = false } = {}) {
    super('store_unavailable', { message });
    this.mayHaveLost = mayHaveLost;
  }
}

/** What a check came to. */
export interface RedisCheck {
  /** Each with its own message and fix; empty when all is well. */
  readonly problems: readonly RedisUnfit[];
  /** What could not be found out, in words for the log. */
  readonly unchecked: readonly string[];
}

/** Checks version, eviction and clock. Throws `store_unavailable` only if there is no connection. */
export async function checkRedis(connection: RedisConnection): Promise<RedisCheck> {
  const problems: RedisUnfit[] = [];
  const unchecked: string[] = [];
  const info = await ask(connection, 'INFO', ['server']);
  const version = parseInfo(info).get('redis_version');
  if (version === undefined) unchecked.push('the version of Redis (INFO is not allowed)');
  else if (Number.parseInt(version, 10) < VERSION_LEAST) {
    problems.push(
      new RedisUnfit(
        `Redis ${version} is too old: Bursar needs 7.0 or newer, or Valkey. Upgrade it.`,
      ),
    );
  }
  const config = await ask(connection, 'CONFIG', ['GET', 'maxmemory-policy']);
  const policy: unknown = Array.isArray(config) ? config[1] : undefined;
  if (typeof policy !== 'string') {
    unchecked.push('maxmemory-policy (CONFIG GET is not allowed); it must not be allkeys-*');
  } else if (policy.startsWith('allkeys-')) {
    problems.push(
      new RedisUnfit(
        `Redis may evict any key (maxmemory-policy ${policy}), and with it what users have spent. Set it to noeviction or to one of volatile-*.`,
        { mayHaveLost: true },
      ),
    );
  }
  const sentAtMs = systemClock.nowMs();
  const time = await ask(connection, 'TIME', []);
  const arrivedAtMs = systemClock.nowMs();
  const [seconds] = Array.isArray(time) ? (time as unknown[]).map(Number) : [];
  if (seconds === undefined) unchecked.push('the clock of Redis (TIME is not allowed)');
  else {
    const micros = Number((time as unknown[])[1]);
    const redisMs = seconds * 1_000 + micros / 1_000;
    // It was read some time between sending and arrival.
    const apartMs = Math.max(sentAtMs - redisMs, redisMs - arrivedAtMs, 0);
    if (!(apartMs <= CLOCK_APART_MS_MAX)) {
      problems.push(
        new RedisUnfit(
          `The clock of Redis is ${Math.round(apartMs)} ms off from this machine's. Let both follow the same time server.`,
        ),
      );
    }
  }
  return { problems, unchecked };
}

/** The answer, or nothing if Redis refuses to give one. */
async function ask(
  connection: RedisConnection,
  name: string,
  values: readonly string[],
): Promise<unknown> {
  try {
    return await connection.send(name, values);
  } catch (error) {
    // The connection is there, so it was the command that was refused.
    if (connection.isReady && !(error instanceof CopiesFenced)) return undefined;
    throw error;
  }
}
