/** The public list of `@bursar/api`: what server and client agree on. */
export { errorData, type ErrorData, toBursarError } from './error-formatter.ts';
export { type Principal, TOKEN_SCOPES, type TokenScope } from './principal.ts';
export type { RequestContext } from './procedure.ts';
export { type AppRouter, appRouter, createCaller } from './router.ts';
export type { BudgetView } from './schemas/budget-view.ts';
export type { ExtendInput, ExtendOutput } from './schemas/extend.ts';
export { HISTORY_PAGE_MAX, TTL_MS_MAX, TTL_MS_MIN } from './schemas/fields.ts';
export type { GetLimitInput, LimitOutput, SetLimitInput } from './schemas/limits.ts';
export type { ModeView } from './schemas/mode.ts';
export type { ReleaseInput, ReleaseOutput } from './schemas/release.ts';
export type { Allowed, Denied, ReserveInput, ReserveOutput } from './schemas/reserve.ts';
export type { SettleInput, SettleOutput } from './schemas/settle.ts';
export type {
  CurrentUsageInput,
  HistoryEntry,
  LiveUsageInput,
  UsageHistoryInput,
  UsageHistoryOutput,
} from './schemas/usage.ts';
export type { BursarService, LiveUsage, Parsed } from './service.ts';
