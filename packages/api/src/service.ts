/**
 * What the router needs of a server: one method for each procedure. Inputs are parsed, the caller is
 * verified; methods throw `BursarError` and nothing else on purpose.
 */
import type { z } from 'zod';
import type { Principal } from './principal.ts';
import type { BudgetView } from './schemas/budget-view.ts';
import type { extendInput, ExtendOutput } from './schemas/extend.ts';
import type {
  listKeysInput,
  ListKeysOutput,
  openKeyInput,
  OpenKeyOutput,
  RegisteredKey,
  registerKeyInput,
  rejectKeyInput,
  RejectKeyOutput,
  revokeKeyInput,
  RevokeKeyOutput,
} from './schemas/keys.ts';
import type { adjustInput, BudgetEntryOutput, grantInput } from './schemas/budgets.ts';
import type {
  clearLimitInput,
  getLimitInput,
  LimitOutput,
  setLimitInput,
} from './schemas/limits.ts';
import type {
  explainPoliciesInput,
  ExplainPoliciesOutput,
  listPromotionsInput,
  ListPromotionsOutput,
  PoliciesOutput,
  putPoliciesInput,
  PutPoliciesOutput,
} from './schemas/policies.ts';
import type { releaseInput, ReleaseOutput } from './schemas/release.ts';
import type { reserveInput, ReserveOutput } from './schemas/reserve.ts';
import type { settleInput, SettleOutput } from './schemas/settle.ts';
import type {
  currentUsageInput,
  liveUsageInput,
  usageHistoryInput,
  UsageHistoryOutput,
} from './schemas/usage.ts';

/** A message as it is after parsing, defaults filled in. */
export type Parsed<Schema extends z.ZodType> = z.output<Schema>;

/** One state of a user's budget, with the id under which a client can resume after it. */
export interface LiveUsage {
  readonly id: string;
  readonly budget: BudgetView;
}

/** The server behind the router. */
export interface BursarService {
  reserve(principal: Principal, input: Parsed<typeof reserveInput>): Promise<ReserveOutput>;
  extend(principal: Principal, input: Parsed<typeof extendInput>): Promise<ExtendOutput>;
  settle(principal: Principal, input: Parsed<typeof settleInput>): Promise<SettleOutput>;
  release(principal: Principal, input: Parsed<typeof releaseInput>): Promise<ReleaseOutput>;
  currentUsage(principal: Principal, input: Parsed<typeof currentUsageInput>): Promise<BudgetView>;
  usageHistory(
    principal: Principal,
    input: Parsed<typeof usageHistoryInput>,
  ): Promise<UsageHistoryOutput>;
  /** Yields the present state first, then each change, until `signal` aborts. */
  liveUsage(
    principal: Principal,
    input: Parsed<typeof liveUsageInput>,
    signal: AbortSignal,
  ): AsyncIterable<LiveUsage>;
  getLimit(principal: Principal, input: Parsed<typeof getLimitInput>): Promise<LimitOutput>;
  setLimit(principal: Principal, input: Parsed<typeof setLimitInput>): Promise<LimitOutput>;
  registerKey(principal: Principal, input: Parsed<typeof registerKeyInput>): Promise<RegisteredKey>;
  listKeys(principal: Principal, input: Parsed<typeof listKeysInput>): Promise<ListKeysOutput>;
  openKey(principal: Principal, input: Parsed<typeof openKeyInput>): Promise<OpenKeyOutput>;
  rejectKey(principal: Principal, input: Parsed<typeof rejectKeyInput>): Promise<RejectKeyOutput>;
  revokeKey(principal: Principal, input: Parsed<typeof revokeKeyInput>): Promise<RevokeKeyOutput>;
  clearLimit(principal: Principal, input: Parsed<typeof clearLimitInput>): Promise<LimitOutput>;
  grant(principal: Principal, input: Parsed<typeof grantInput>): Promise<BudgetEntryOutput>;
  adjust(principal: Principal, input: Parsed<typeof adjustInput>): Promise<BudgetEntryOutput>;
  getPolicies(principal: Principal): Promise<PoliciesOutput>;
  putPolicies(
    principal: Principal,
    input: Parsed<typeof putPoliciesInput>,
  ): Promise<PutPoliciesOutput>;
  listPromotions(
    principal: Principal,
    input: Parsed<typeof listPromotionsInput>,
  ): Promise<ListPromotionsOutput>;
  explainPolicies(
    principal: Principal,
    input: Parsed<typeof explainPoliciesInput>,
  ): Promise<ExplainPoliciesOutput>;
}
