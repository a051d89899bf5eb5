/** The public list of the local provider. */
export type { CallRecord, Ending, Totals } from './call-log.ts';
export { type Provider, type ProviderOptions, startProvider } from './provider.ts';
export type { TokenUsage } from './token-usage.ts';
