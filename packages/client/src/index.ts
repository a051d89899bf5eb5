/** The public list of `@bursar/client`. */
export type { Basis, CallHooks, CallIdentity } from './call-hooks.ts';
export type { Commits, Journal, JournalParts, Told } from './commits/commits.ts';
export { type Bursar, type Closed, connect, type ConnectOptions } from './connect.ts';
export { denialOf, type DeniedCall, type DeniedCallFor, isDenied } from './denial.ts';
export { CallRefused } from './call-refused.ts';
export type { OtherUnits } from './call-terms.ts';
export type { MeterApi } from './meter-api.ts';
export type {
  MeterWork,
  RunningWork,
  WorkBounds,
  WorkCost,
  WorkResult,
  WorkToMeter,
} from './metered-work.ts';
export { rateLimitHeaders } from './rate-limit-headers.ts';
export type {
  PurseCall,
  PurseOptions,
  PurseWork,
  Session,
  SessionPurse,
  SessionSummary,
} from './session.ts';
export type { OwnKeySource, PayingKey } from './http/own-key.ts';
export type { SdkClient } from './http/sdk-client.ts';
export type { HttpServer } from './transport/http-transport.ts';
export type { Caller } from '@bursar/api';
export type { Embedded, EmbeddedServer, InProcess } from './transport/in-process-transport.ts';
export type {
  KeysApi,
  LimitsApi,
  LiveUsageQuery,
  PoliciesApi,
  ScopeName,
  UsageApi,
} from './transport/transport.ts';
export type { PaceOptions } from './pacing/pace-options.ts';
export type { CircuitOptions } from './unreachable/circuit.ts';
export type { ScopeNames, Scopes, WrapOptions } from './wrap-options.ts';
