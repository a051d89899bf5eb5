/** What all calls of one connection share. */
import type { BackgroundCalls } from './http/background-calls.ts';
import type { Commits } from './commits/commits.ts';
import type { DrainLimit } from './drain-limit.ts';
import type { MeterApi } from './meter-api.ts';
import type { Pacing } from './pacing/pacing.ts';
import type { Runtime } from './runtime.ts';
import type { KeysApi } from './transport/transport.ts';
import type { UnfinishedWork } from './unfinished-work.ts';

export interface MeteringContext {
  /** Behind the circuit. */
  readonly meter: MeterApi;
  /** Where the ends of calls go. */
  readonly commits: Commits;
  /** Users' own keys, which may pay for calls. */
  readonly keys: Pick<KeysApi, 'open' | 'reject'>;
  readonly runtime: Runtime;
  readonly unfinished: UnfinishedWork;
  /** Calls that were allowed and have not ended, without those that go on for hours. */
  readonly calls: UnfinishedWork;
  readonly drains: DrainLimit;
  readonly background: BackgroundCalls;
  readonly pacing: Pacing;
  /** Whether calls may still be made. */
  isOpen(): boolean;
}
