/** The public list of `@bursar/server`: Bursar as a part of another program. `bursar serve` is the same code. */
export type { Clock } from '@bursar/core';
export type { Timers } from './clock/timers.ts';
export type { OpenedKey, OwnKeys, OwnKeyStanding } from './own-keys/own-keys.ts';
export type { EstimateAccuracy, EstimateCounts } from './service/learned-estimates.ts';
export type { StoreLocation } from './open-store.ts';
export type { AuditReport } from './stores/postgres/audit-ledger.ts';
export { createLog, type Log, LOG_LEVELS, type LogLevel } from './telemetry/logger.ts';
export { makeServiceToken } from './tokens/service-token.ts';
export type { TokenRecord, TokenStore } from './tokens/token-store.ts';
export { type Bursar, type BursarOptions, createBursar, type LetThrough } from './wiring.ts';
