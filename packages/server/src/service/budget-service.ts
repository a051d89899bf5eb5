/**
 * The service behind the API: api's contract over one tier, one price table and one clock.
 *
 * Only puts the parts together; each procedure is in the part it belongs to. The tenant comes from the
 * principal and is the first part of every id, so that no message can name another tenant's things.
 */
import type { BursarService, LiveUsage, ModeView, Principal } from '@bursar/api';
import type { Amount, Clock, PriceTable, Tier } from '@bursar/core';
import type { Timers } from '../clock/timers.ts';
import { AccountChanges } from '../live/account-changes.ts';
import { SubscriptionLimit } from '../live/subscription-limit.ts';
import type { PolicyBook } from '../policies/policy-book.ts';
import type { PolicyStore } from '../policies/policy-store.ts';
import type { SpendFacts } from '../policies/spend-facts.ts';
import type { Log } from '../telemetry/logger.ts';
import type { OwnKeys } from '../own-keys/own-keys.ts';
import { BudgetEntries } from './budget-entries.ts';
import { Charges } from './charges.ts';
import { LearnedEstimates } from './learned-estimates.ts';
import { LimitAdmin } from './limit-admin.ts';
import { Meter } from './meter.ts';
import { OwnKeyDesk } from './own-key-desk.ts';
import { PolicyAdmin } from './policy-admin.ts';
import { UsageReader } from './usage-reader.ts';

/** How often a watched account is read, to see the changes of other servers. */
const LIVE_POLL_MS = 1_000;

/** What the service is made of. */
export interface BudgetServiceOptions {
  readonly tier: Tier;
  readonly ownKeys: OwnKeys;
  readonly policies: PolicyBook;
  readonly policyStore: PolicyStore;
  readonly spend: SpendFacts;
  readonly prices: PriceTable;
  readonly time: Clock & Timers;
  readonly log: Log;
  /** Limit of users without their own; the same that the tier opens accounts with. */
  readonly defaultLimit: Amount | null;
  readonly tentativeTtlMs: number;
  readonly dispatchedTtlMs: number;
  /** Most input tokens that a call may be estimated to have. */
  readonly inputTokensMax: number;
  /** Whether what calls without an output cap have used is what is set aside for the next ones. */
  readonly learnedEstimates: boolean;
  /** In which mode answers are given, at this moment. */
  readonly mode: () => ModeView;
}

type Message<Method extends keyof BursarService> = Parameters<BursarService[Method]>[1];

/** See `BursarService`. Throws `BursarError` and nothing else on purpose. */
export class BudgetService implements BursarService {
  readonly #meter: Meter;
  readonly #usage: UsageReader;
  readonly #limits: LimitAdmin;
  readonly #keys: OwnKeyDesk;
  readonly #entries: BudgetEntries;
  readonly #policies: PolicyAdmin;
  readonly #closing = new AbortController();
  /** What was learned from settled calls, with counts for metrics. */
  readonly estimates: LearnedEstimates;

  constructor(options: BudgetServiceOptions) {
    const { tier, prices, time, log, defaultLimit } = options;
    const changes = new AccountChanges({ tier, time, pollMs: LIVE_POLL_MS, log });
    const charges = new Charges(options.policies);
    const shared = {
      tier,
      charges,
      clock: time,
      defaultLimit,
      onChange: changes.publish.bind(changes),
    };
    this.estimates = new LearnedEstimates({ isUsed: options.learnedEstimates });
    this.#meter = new Meter({
      ...shared,
      ownKeys: options.ownKeys,
      prices,
      tentativeTtlMs: options.tentativeTtlMs,
      dispatchedTtlMs: options.dispatchedTtlMs,
      inputTokensMax: options.inputTokensMax,
      estimates: this.estimates,
      mode: options.mode,
    });
    this.#limits = new LimitAdmin(shared);
    this.#keys = new OwnKeyDesk(options.ownKeys, (principal, reservation) =>
      this.#meter.termsOfOpen(principal, reservation),
    );
    this.#entries = new BudgetEntries(shared);
    this.#policies = new PolicyAdmin({
      ...shared,
      book: options.policies,
      store: options.policyStore,
      spend: options.spend,
      prices,
    });
    this.#usage = new UsageReader({
      ...shared,
      changes,
      subscriptions: new SubscriptionLimit(),
      closing: this.#closing.signal,
    });
  }

  reserve(principal: Principal, message: Message<'reserve'>): ReturnType<BursarService['reserve']> {
    return this.#meter.reserve(principal, message);
  }

  extend(principal: Principal, message: Message<'extend'>): ReturnType<BursarService['extend']> {
    return this.#meter.extend(principal, message);
  }

  settle(principal: Principal, message: Message<'settle'>): ReturnType<BursarService['settle']> {
    return this.#meter.settle(principal, message);
  }

  release(principal: Principal, message: Message<'release'>): ReturnType<BursarService['release']> {
    return this.#meter.release(principal, message);
  }

  currentUsage(
    principal: Principal,
    message: Message<'currentUsage'>,
  ): ReturnType<BursarService['currentUsage']> {
    return this.#usage.current(principal, message);
  }

  usageHistory(
    principal: Principal,
    message: Message<'usageHistory'>,
  ): ReturnType<BursarService['usageHistory']> {
    return this.#usage.history(principal, message);
  }

  liveUsage(
    principal: Principal,
    message: Message<'liveUsage'>,
    signal: AbortSignal,
  ): AsyncIterable<LiveUsage> {
    return this.#usage.live(principal, message, signal);
  }

  getLimit(
    principal: Principal,
    message: Message<'getLimit'>,
  ): ReturnType<BursarService['getLimit']> {
    return this.#limits.get(principal, message);
  }

  setLimit(
    principal: Principal,
    message: Message<'setLimit'>,
  ): ReturnType<BursarService['setLimit']> {
    return this.#limits.set(principal, message);
  }

  registerKey(
    principal: Principal,
    message: Message<'registerKey'>,
  ): ReturnType<BursarService['registerKey']> {
    return this.#keys.register(principal, message);
  }

  listKeys(
    principal: Principal,
    message: Message<'listKeys'>,
  ): ReturnType<BursarService['listKeys']> {
    return this.#keys.list(principal, message);
  }

  openKey(principal: Principal, message: Message<'openKey'>): ReturnType<BursarService['openKey']> {
    return this.#keys.open(principal, message);
  }

  rejectKey(
    principal: Principal,
    message: Message<'rejectKey'>,
  ): ReturnType<BursarService['rejectKey']> {
    return this.#keys.reject(principal, message);
  }

  revokeKey(
    principal: Principal,
    message: Message<'revokeKey'>,
  ): ReturnType<BursarService['revokeKey']> {
    return this.#keys.revoke(principal, message);
  }

  clearLimit(
    principal: Principal,
    message: Message<'clearLimit'>,
  ): ReturnType<BursarService['clearLimit']> {
    return this.#limits.clear(principal, message);
  }

  async grant(principal: Principal, message: Message<'grant'>): ReturnType<BursarService['grant']> {
    return this.#entries.grant(principal, message);
  }

  async adjust(
    principal: Principal,
    message: Message<'adjust'>,
  ): ReturnType<BursarService['adjust']> {
    return this.#entries.adjust(principal, message);
  }

  getPolicies(): ReturnType<BursarService['getPolicies']> {
    return this.#policies.get();
  }

  putPolicies(
    principal: Principal,
    message: Message<'putPolicies'>,
  ): ReturnType<BursarService['putPolicies']> {
    return this.#policies.put(principal, message);
  }

  listPromotions(
    _principal: Principal,
    message: Message<'listPromotions'>,
  ): ReturnType<BursarService['listPromotions']> {
    return this.#policies.promotions(message);
  }

  explainPolicies(
    principal: Principal,
    message: Message<'explainPolicies'>,
  ): ReturnType<BursarService['explainPolicies']> {
    return this.#policies.explain(principal, message);
  }

  /** Ends every live stream. Commands still work: the tier decides when it is closed. */
  close(): void {
    this.#closing.abort();
  }
}
