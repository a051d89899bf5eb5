/** The public list of `@bursar/api`: what server and client agree on. */
export { directCaller, type DirectOptions } from './direct-caller.ts';
export type { DirectProcedure } from './direct-procedure.ts';
export {
  errorData,
  type ErrorData,
  errorShape,
  type ErrorShape,
  toBursarError,
} from './error-formatter.ts';
export { type Principal, TOKEN_SCOPES, type TokenScope } from './principal.ts';
export { rateHeaders } from './rate-headers.ts';
export type { RequestContext } from './procedure.ts';
export {
  type AppRouter,
  appRouter,
  type Caller,
  createCaller,
  directProcedures,
} from './router.ts';
export type { BudgetView } from './schemas/budget-view.ts';
export type { BudgetExhausted } from './schemas/denials/budget-exhausted.ts';
export type { Denial, MoneyDenial, ShortBudget } from './schemas/denials/denial.ts';
export type { Denied, DeniedFor, DenialReason } from './schemas/denials/denied.ts';
export type { LimitTooSmall } from './schemas/denials/limit-too-small.ts';
export type { OwnKeyView } from './schemas/denials/own-key.ts';
export type { ExhaustedRate, RateLimited } from './schemas/denials/rate-limited.ts';
export type { RequestTooLarge } from './schemas/denials/request-too-large.ts';
export type { ExceededShare, ShareExceeded } from './schemas/denials/share-exceeded.ts';
export type { ExtendInput, ExtendOutput } from './schemas/extend.ts';
export type {
  ListKeysInput,
  ListKeysOutput,
  OpenKeyInput,
  OpenKeyOutput,
  RegisteredKey,
  RegisterKeyInput,
  RejectKeyInput,
  RejectKeyOutput,
  RevokeKeyInput,
  RevokeKeyOutput,
} from './schemas/keys.ts';
export { KEY_REJECTIONS, KEYS_PAGE_MAX, type KeyRejection } from './schemas/keys.ts';
export type { BudgetSubject } from './schemas/budget-subject.ts';
export { HISTORY_PAGE_MAX, type ScopesInput, TTL_MS_MAX, TTL_MS_MIN } from './schemas/fields.ts';
export type { AdjustInput, BudgetEntryOutput, GrantInput } from './schemas/budgets.ts';
export type {
  ClearLimitInput,
  GetLimitInput,
  LimitOutput,
  SetLimitInput,
} from './schemas/limits.ts';
export {
  type ExplainPoliciesInput,
  type ExplainPoliciesOutput,
  type ListPromotionsInput,
  type ListPromotionsOutput,
  NOTE_LENGTH_MAX,
  type PoliciesOutput,
  type PolicyExplanation,
  type PolicyProblem,
  type PolicyVersion,
  PROMOTIONS_PAGE_MAX,
  type PromotionView,
  type PutPoliciesInput,
  type PutPoliciesOutput,
} from './schemas/policies.ts';
export type { ModeView } from './schemas/mode.ts';
export type { ReleaseInput, ReleaseOutput } from './schemas/release.ts';
export type { FundingView } from './schemas/funding.ts';
export type { RateView } from './schemas/rate-view.ts';
export type { Allowed, ReserveInput, ReserveOutput } from './schemas/reserve.ts';
export type { SettleInput, SettleOutput } from './schemas/settle.ts';
export type {
  CurrentUsageInput,
  HistoryEntry,
  LiveUsageInput,
  UsageHistoryInput,
  UsageHistoryOutput,
} from './schemas/usage.ts';
export type { BursarService, LiveUsage, Parsed } from './service.ts';
