/** The public list of `@bursar/core`. The only barrel; nothing inside imports it. */
export {
  add,
  type Amount,
  amount,
  AMOUNT_MAX,
  difference,
  formatUsd,
  isAmount,
  larger,
  NANO_USD_PER_USD,
  parseUsd,
  type SignedAmount,
  signedAmount,
  subtract,
  subtractToZero,
  ZERO,
} from './amount.ts';
export { assert, InvariantViolation, unreachable } from './assert.ts';
export {
  BursarError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  isBursarError,
} from './errors.ts';
export {
  type AccountId,
  type BudgetId,
  DIRECT,
  type Fingerprint,
  type HolderId,
  isProcessHolder,
  type LeaseId,
  type LimiterId,
  NAME_BYTES_MAX,
  nameProblem,
  processHolder,
  type ReservationId,
  reservationId,
  type TenantId,
  tenantId,
  utf8Bytes,
} from './ids.ts';
export { after, type DurationMs, duration, INSTANT_MAX, type InstantMs, instant } from './time.ts';

export {
  type Account,
  available,
  committed,
  limitFor,
  openAccount,
  shortfall,
} from './account/account.ts';
export {
  type AccountTerms,
  areSameTerms,
  isNewerTerms,
  limitUnder,
} from './account/account-terms.ts';
export type {
  AccountCommand,
  AdminCommand,
  LeaseCommand,
  LegCommand,
  OpenLeg,
} from './account/command.ts';
export type { Json, LedgerEntry, LedgerEntryKind } from './account/ledger-entry.ts';
export { held, type Leg, type LegState, RANK } from './account/leg.ts';
export type { AccountOutcome, Rejected, RejectionCode } from './account/outcome.ts';
export type { AccountView, Transition } from './account/step.ts';
export {
  PERIOD_TOLERANCE_MS,
  type TableState,
  type TransitionTable,
  transition,
} from './account/transition.ts';

export {
  accountId,
  accountParts,
  budgetId,
  budgetOf,
  CREDIT,
  type Scope,
  SCOPE_KINDS,
  scopeKind,
  type ScopeKind,
} from './budget/budget.ts';
export {
  type Carry,
  CARRY_KEY_PREFIX,
  CARRY_WATCH_MS,
  carryOver,
  type CarryView,
  type Conversion,
  conversionAt,
  nextCarryLookMs,
} from './budget/conversion.ts';
export { type Period, periodAt, periodNamed } from './budget/period.ts';
export {
  checkPeriodRule,
  describePeriodRule,
  MONTHLY_UTC,
  PERIOD_DAYS_MAX,
  type PeriodRule,
  type Weekday,
} from './budget/period-rule.ts';

export {
  learned,
  LEARNED_FROM,
  LEARNED_PER_MILLE,
  LEARNED_UP_TO,
  learnedOutput,
  NOTHING_LEARNED,
} from './estimates/learned-output.ts';
export {
  merged,
  quantile,
  type QuantileSketch,
  SKETCH_ERROR_PERCENT,
} from './estimates/quantile-sketch.ts';

export { SEQUENCE_STEP } from './lease/administer-lease.ts';
export {
  type Lease,
  type LeaseState,
  newLease,
  outstanding,
  SUSPECT_GRACE_MS,
  UNKNOWN_HOLDER,
  weight,
} from './lease/lease.ts';
export {
  LEASE_HORIZON_MS,
  LEASE_SHARE,
  type LeaseAsk,
  leaseSize,
  shouldPrefetch,
} from './lease/size.ts';

export {
  ALERT_PERCENT_MAX,
  ALERTS_MAX,
  type BudgetMode,
  type BudgetRule,
  type BudgetTerms,
  describeTerms,
  RULE_NAME_BYTES_MAX,
} from './policy/budget-rule.ts';
export { type Caller, CALLER_SCOPES_MAX } from './policy/caller.ts';
export {
  checkPolicySet,
  checkSuccessor,
  DATED_MAX,
  PLANS_MAX,
  PRIORITY_MAX,
  RECORDS_MAX,
  RULES_MAX,
  SCOPE_KINDS_MAX,
} from './policy/check-policy-set.ts';
export { type CreditUse, creditUse } from './policy/credit-use.ts';
export { explain, type Explanation } from './policy/explain.ts';
export type { Considered, Layer, Verdict } from './policy/layers.ts';
export { type BudgetLeg, budgetLegs, BUDGETS_PER_CALL_MAX, legOfBudget } from './policy/legs.ts';
export { parsePolicySet } from './policy/parse-policy-set.ts';
export type { LimiterReader } from './policy/parse-rules.ts';
export { compilePolicies, type Policies } from './policy/policies.ts';
export type {
  Assignment,
  BudgetOverride,
  Change,
  Dated,
  Grant,
  Plan,
  PolicySet,
  RateOverride,
  Rules,
} from './policy/policy-set.ts';
export { type KnownNames, type Problem, problemsOf } from './policy/problems.ts';
export {
  type BudgetSpend,
  promote,
  type Promotion,
  type PromotionFacts,
  type PromotionRule,
  PROMOTIONS_MAX,
  type PromotionStep,
  spendOf,
} from './policy/promotion.ts';
export type {
  AnyLimiterPolicy,
  Counted,
  PrincipalClass,
  RateRule,
  RateTerms,
} from './policy/rate-rule.ts';
export {
  resolve,
  type Resolution,
  type ResolvedBudget,
  type ResolvedRate,
} from './policy/resolve.ts';
export { describeMatch, type ScopeMatch } from './policy/scope-match.ts';

export { anthropicUsageAfter, readAnthropicUsage } from './pricing/anthropic-usage.ts';
export { type CatalogueChange, compareCatalogues } from './pricing/catalogue-change.ts';
export { checkPrice } from './pricing/check-price.ts';
export {
  cost,
  type CostLine,
  type BatchPart,
  costLines,
  costOfBatch,
  costOfPricedClasses,
  type ManyCalls,
  type PartialCost,
} from './pricing/cost.ts';
export { estimate, type EstimateInput, largestOutputFitting } from './pricing/estimate.ts';
export { readGenericUsage } from './pricing/generic-usage.ts';
export { readGoogleUsage, webSearchesOfGoogle } from './pricing/google-usage.ts';
export { MODEL_LENGTH_MAX, type ModelPattern } from './pricing/model-match.ts';
export { toolUsageFromOpenAi } from './pricing/openai-tool-usage.ts';
export {
  readOpenAiUsage,
  serviceTierOfOpenAi,
  type UndetailedOutput,
  usageFromOpenAi,
} from './pricing/openai-usage.ts';
export { OUTPUT_TOKENS_FALLBACK, outputTokensBound } from './pricing/output-bound.ts';
export { parsePriceOverrides } from './pricing/parse-price-overrides.ts';
export { changesBetween, isAbsurd, percentOf, type PriceChange } from './pricing/price-change.ts';
export {
  changesOf,
  type ModelChanges,
  parsePriceFile,
  type PriceFile,
  type PriceFileProblem,
  priceFileProblems,
  withPriceFile,
} from './pricing/price-file.ts';
export {
  isPriceSnapshot,
  parsePriceSnapshot,
  type PriceSnapshot,
  priceSnapshotOf,
} from './pricing/price-snapshot.ts';
export type { ContextTier, NanoUsdPerMillion, Price, PriceNumbers } from './pricing/price.ts';
export { withOverrides } from './pricing/price-overrides.ts';
export {
  createPriceTable,
  type DatedPrice,
  priceInEffect,
  type Fallback,
  type OwnPrice,
  type PriceOverride,
  priceOrThrow,
  type PriceRow,
  type PriceTable,
  type PriceTableSource,
  type ProviderPrices,
  providersOf,
} from './pricing/price-table.ts';
export { readUsage } from './pricing/read-usage.ts';
export {
  type PricedTier,
  type PriceFactor,
  SERVICE_TIERS,
  type ServiceTier,
  type TierFactors,
} from './pricing/service-tier.ts';
export { textTokensUpperBound } from './pricing/text-bound.ts';
export {
  TOKENS_PER_CALL_MAX,
  type UsageProblem,
  type UsageProblemKind,
  type UsageReading,
  type UsageStyle,
} from './pricing/usage-reading.ts';
export {
  addUsage,
  checkUsage,
  totalInputTokens,
  totalOutputTokens,
  UNITS_MAX,
  type Usage,
} from './pricing/usage.ts';
export {
  TEXT_CLASSES,
  OTHER_CLASSES,
  type OtherClass,
  USAGE_CLASS_NAMES,
  USAGE_CLASSES,
  type UsageClass,
} from './pricing/usage-class.ts';

export { checkLimiterPolicy } from './limiter/check-limiter-policy.ts';
export type { Take } from './limiter/counting.ts';
export {
  chargeLimiter,
  decideLimiter,
  endSlots,
  extendSlots,
  type LimiterDecision,
  limiterEndsAtMs,
  type LimiterView,
  peekLimiter,
} from './limiter/decide-limiter.ts';
export { limiterId, shareLimiterId } from './limiter/limiter-id.ts';
export {
  type LimiterAlgorithm,
  limitOfLimiter,
  type LimiterPolicy,
  LOG_MAX,
  SLOT_HOLDERS_MAX,
  WINDOW_MAX_MS,
  windowOfLimiter,
} from './limiter/limiter-policy.ts';
export type { LimiterState } from './limiter/limiter-state.ts';

export { Books, type BooksReader, type Changes, type Correction } from './reservation/books.ts';
export { LegIndex } from './reservation/leg-index.ts';
export type {
  AckLevel,
  Administer,
  Command,
  Expire,
  Extend,
  Ingest,
  Lend,
  Release,
  Reserve,
  Settle,
  LegAccount,
} from './reservation/command.ts';
export { decide } from './reservation/decide.ts';
export type { Decision, Policy } from './reservation/decision.ts';
export type { Done, Outcome, OutcomeOf, Refused, WrongPeriod } from './reservation/outcome.ts';
export {
  type LimiterChange,
  limitersOf,
  type RateAnswer,
  type RateHit,
  RATES_MAX,
  slotsOf,
  type TakenRate,
  takenRates,
} from './reservation/rates.ts';
export { LEGS_MAX, type Reservation } from './reservation/reservation.ts';
export { snapshotOf } from './reservation/snapshot.ts';

export {
  accountOfCopy,
  balanceOf,
  type Copy,
  type Elsewhere,
  elsewhereOf,
  leftForLease,
  roomIn,
  wholeAccount,
} from './copies/copy.ts';
export { MemoryCopies } from './copies/memory-copies.ts';
export {
  type AskedBack,
  type Authority,
  type EndedLeg,
  EXECUTE_ALL_MAX,
  type JournalClaim,
  type OverdueLease,
  type SetAside,
  type Worker,
} from './ports/authority.ts';
export type { Clock } from './ports/clock.ts';
export {
  comparePositions,
  type CopiedReservation,
  CopiesFenced,
  type CopyAnswer,
  type CopyCommand,
  type CopyStore,
  type Dataset,
  JOURNAL_PAGE_MAX,
  JOURNAL_START,
  type JournalEvent,
  type JournalPosition,
  type MalformedEvent,
  PLACE_MS,
  TOMBSTONE_MS,
} from './ports/copy-store.ts';
export {
  LAZY_EXPIRY_MAX,
  LEDGER_PAGE_MAX,
  type LedgerSource,
  type ReservationSnapshot,
  SWEEP_MAX,
  type Tier,
} from './ports/tier.ts';
export {
  type CarriedSums,
  type CarryBooks,
  carryCommand,
  type Carrying,
  carryingOf,
  CarryWatch,
  legOfAccount,
  legsCharged,
  legsToCarry,
} from './tier/carrying.ts';
export { MemoryTier } from './tier/memory-tier.ts';
