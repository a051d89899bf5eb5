/** What all calls of one connection share. */
import type { BackgroundCalls } from './http/background-calls.ts';
import type { DrainLimit } from './drain-limit.ts';
import type { MeterApi } from './meter-api.ts';
import type { Pacing } from './pacing/pacing.ts';
import type { Runtime } from './runtime.ts';
import type { KeysApi } from './transport/transport.ts';
import type { UnfinishedWork } from './unfinished-work.ts';

export interface MeteringContext {
  readonly meter: MeterApi;
  /** Users' own keys, which may pay for calls. */
  readonly keys: Pick<KeysApi, 'open' | 'reject'>;
  readonly runtime: Runtime;
  readonly unfinished: UnfinishedWork;
  readonly drains: DrainLimit;
  readonly background: BackgroundCalls;
  readonly pacing: Pacing;
  /** Whether calls may still be made. */
  isOpen(): boolean;
}
