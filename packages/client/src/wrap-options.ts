/** How calls are metered: what can be chosen, and what is chosen by default. */
import { BursarError, nameProblem, UNITS_MAX } from '@bursar/core';
import type { CallHooks } from './call-hooks.ts';
import { checkInteger } from './check-integer.ts';
import type { OwnKeySource } from './http/own-key.ts';
import type { PaceOptions } from './pacing/pace-options.ts';
import { checkUnitsHeader } from './units.ts';

/**
 * Who pays for the calls, and what happens when they do not go as usual. Durations in milliseconds. `Kind` are the kinds
 * of scopes that there are, for those who want misspelt ones to be found by the compiler.
 */
export interface WrapOptions<Kind extends string = string> extends CallHooks {
  /**
   * Whose budget the calls are charged to. A request can name another by the header `x-bursar-user`, if the
   * name is made of what headers can carry (Latin-1); wrap the client anew for other names.
   */
  readonly user: string;
  /**
   * What else the calls are about, by kind: `{ team: 'growth', feature: ['chat', 'beta'] }`. The budgets of all
   * of them are charged.
   */
  readonly scopes?: Scopes<Kind>;
  /** Whose prices apply, as the price table names providers (`groq`); by default whoever the model's name says. */
  readonly provider?: string;
  /**
   * The model behind each deployment of Azure OpenAI, whose price it has: `{ 'prod-chat': 'gpt-4o' }`. A deployment
   * that is not named is refused; without any, `provider` has to say whose price table names the deployments.
   */
  readonly deployments?: Readonly<Record<string, string>>;
  /**
   * When the caller goes away in the middle of a call. `estimate` (default): end the call and settle what
   * was counted so far. `drain`: let the provider finish unheard and settle what it reports; exact, and it
   * costs what the caller did not want any more.
   */
  readonly onAbort?: 'estimate' | 'drain';
  /** Longest drain; 30,000 by default. Then the call ends as with `estimate`. */
  readonly drainMsMax?: number;
  /**
   * When a stream outgrows what is set aside for it and no more can be. `finish` (default): let it end and
   * book the overage. `stop`: end it with the denial as an error.
   */
  readonly onExhausted?: 'finish' | 'stop';
  /** Output tokens to set aside for a request without a cap of its own; by default the model's maximum. */
  readonly outputTokensFallback?: number;
  /**
   * When a request does not fit, send it with an output cap that does, of at least `outputTokensMin` tokens for
   * each answer (1 by default), instead of refusing it. The answer then ends early, with `finish_reason`
   * `length`; `onDecision` tells of each such call. `false` by default.
   */
  readonly clamp?: boolean | { readonly outputTokensMin?: number };
  /**
   * When the service's budgets do not cover a call, make it with the user's own key at the provider, if they have
   * registered one: `vault` asks the server for the key, a function asks the product. By default such a call is
   * refused.
   */
  readonly ownKey?: OwnKeySource;
  /**
   * The response header in which the provider says how much of what rate limits count as `units` a call has used, a
   * whole number: `x-units`. It is reported with the settlement. By default nothing is.
   */
  readonly unitsHeader?: string;
  /**
   * Wait for one's turn instead of being refused by a rate limit: calls of this connection stand in line, and are asked for
   * when the limits have room for them. `true`, or how to wait, which is checked by the first call. `false` by default.
   */
  readonly pace?: boolean | PaceOptions;
  /** Pause between heartbeats of a running call; 15,000 by default. */
  readonly heartbeatMs?: number;
  /** How long a running call lives without a heartbeat before it is charged in full; 60,000 by default. */
  readonly ttlMs?: number;
  /** The longest call: heartbeats end after it. 600,000 by default, 3,600,000 at most. */
  readonly callMsMax?: number;
  /**
   * Requests that Bursar cannot price (fine-tuning, videos, models charged by the piece, …). `refuse` (default),
   * or `allow` to let them through without any metering.
   */
  readonly unmeteredRoutes?: 'refuse' | 'allow';
  /**
   * When nobody hears Bursar's server. `deny` (default): the call is refused, with `server_unreachable`. `allow`: it is
   * made unreserved, beyond any limit, and booked once the server is heard again; needs a journal, which keeps
   * what it costs until then. A server that answers and refuses is obeyed in both.
   */
  readonly whenUnreachable?: 'deny' | 'allow';
  /** Longest wait for the decision about a call, repeats included; 10,000 by default. Then nobody has heard the server. */
  readonly decisionMsMax?: number;
}

/** Names by kind of scope. Users and models are fields of their own. */
export type Scopes<Kind extends string = string> = (string extends Kind
  ? Readonly<Record<string, ScopeNames>>
  : { readonly [Declared in Kind]?: ScopeNames }) & {
  readonly user?: never;
  readonly model?: never;
};

/** One name, or several of the same kind. */
export type ScopeNames = string | readonly string[];

/** The options with every default filled in. */
export type Metering = CallHooks &
  Required<
    Omit<
      WrapOptions,
      | keyof CallHooks
      | 'outputTokensFallback'
      | 'clamp'
      | 'scopes'
      | 'provider'
      | 'deployments'
      | 'ownKey'
      | 'unitsHeader'
      | 'pace'
    >
  > & {
    readonly scopes: Scopes | undefined;
    readonly provider: string | undefined;
    readonly deployments: Readonly<Record<string, string>> | undefined;
    readonly ownKey: OwnKeySource | undefined;
    readonly unitsHeader: string | undefined;
    readonly outputTokensFallback: number | undefined;
    /** How calls wait for their turn; `undefined`: they do not. */
    readonly pace: true | PaceOptions | undefined;
    /** Output tokens of each answer below which a request is refused; `undefined`: requests are not clamped. */
    readonly clampMin: number | undefined;
  };

/** Bounds of a reservation's life, the same as the API's. */
const TTL_MS_MIN = 1_000;
export const TTL_MS_MAX = 3_600_000;
/** Longest timer that runtimes keep: 2^31 − 1. */
const TIMER_MS_MAX = 2_147_483_647;

const DEFAULTS = {
  onAbort: 'estimate',
  drainMsMax: 30_000,
  onExhausted: 'finish',
  outputTokensFallback: undefined,
  scopes: undefined,
  provider: undefined,
  deployments: undefined,
  ownKey: undefined,
  unitsHeader: undefined,
  heartbeatMs: 15_000,
  ttlMs: 60_000,
  callMsMax: 600_000,
  unmeteredRoutes: 'refuse',
  whenUnreachable: 'deny',
  decisionMsMax: 10_000,
} as const;

/** `options` checked and completed. Throws `id_invalid` or `input_invalid`, naming the option. */
export function meteringOf(options: WrapOptions): Metering {
  const { clamp, pace, ...others } = options;
  const metering: Metering = {
    ...DEFAULTS,
    ...definedOf(others),
    clampMin: clampMinOf(clamp),
    pace: pace === false ? undefined : pace,
  };
  checkUser(metering.user, 'user');
  if (metering.unitsHeader !== undefined) checkUnitsHeader(metering.unitsHeader);
  checkInteger('drainMsMax', metering.drainMsMax, 0, TIMER_MS_MAX);
  checkInteger('heartbeatMs', metering.heartbeatMs, 1, TTL_MS_MAX);
  checkInteger('ttlMs', metering.ttlMs, TTL_MS_MIN, TTL_MS_MAX);
  checkInteger('callMsMax', metering.callMsMax, TTL_MS_MIN, TTL_MS_MAX);
  checkInteger('decisionMsMax', metering.decisionMsMax, 1, TTL_MS_MAX);
  if (metering.outputTokensFallback !== undefined) {
    checkInteger('outputTokensFallback', metering.outputTokensFallback, 0, UNITS_MAX);
  }
  if (metering.heartbeatMs * 2 > metering.ttlMs) {
    throw new BursarError('input_invalid', {
      field: 'heartbeatMs',
      message: 'heartbeatMs must be at most half of ttlMs, so that one lost heartbeat does no harm',
    });
  }
  return metering;
}

/** `user` as a user's name. Throws `id_invalid`, naming `field`: an empty name is a mistake, not nobody. */
export function checkUser(user: unknown, field: string): string {
  const problem = typeof user === 'string' ? nameProblem(user) : 'must be a string';
  if (problem !== undefined) {
    throw new BursarError('id_invalid', { field, message: `${field} ${problem}` });
  }
  return user as string;
}

function clampMinOf(clamp: WrapOptions['clamp']): number | undefined {
  if (clamp === undefined || clamp === false) return undefined;
  const least = clamp === true ? 1 : (clamp.outputTokensMin ?? 1);
  checkInteger('clamp.outputTokensMin', least, 1, UNITS_MAX);
  return least;
}

/** Without the options that are given as `undefined`, which mean the default. */
function definedOf(options: WrapOptions): WrapOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as WrapOptions;
}
