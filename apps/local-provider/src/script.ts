/**
 * What a request asks the provider to do, by its headers. All are optional; an unknown `x-provider-*`
 * header or a value out of range is refused with 400, so that a misspelt test cannot pass.
 *
 * | Header                        | Value             | Effect                                                |
 * |-------------------------------|-------------------|-------------------------------------------------------|
 * | `x-provider-output-tokens`    | tokens            | a text choice has exactly N tokens, reasoning included |
 * | `x-provider-overrun`          | tokens            | the same, ignoring the output cap                     |
 * | `x-provider-reasoning-tokens` | tokens            | N tokens of each choice are reasoning: billed, unseen |
 * | `x-provider-cached-tokens`    | tokens            | N prompt tokens (at most all) were cached             |
 * | `x-provider-written-tokens`   | tokens            | N prompt tokens were written to the cache (Anthropic) |
 * | `x-provider-tokens-per-chunk` | tokens, from 1    | size of a stream's chunks instead of 1                |
 * | `x-provider-delay-ms`         | ms                | waits before the answer's headers                     |
 * | `x-provider-chunk-delay-ms`   | ms                | waits before each event after a stream's first token  |
 * | `x-provider-cut-after`        | tokens            | drops the connection after N visible tokens of a      |
 * |                               |                   | stream; of a plain answer between headers and body    |
 * | `x-provider-no-usage`         | `1`               | the answer has no usage                               |
 * | `x-provider-units`            | whole number      | the answer has it in the header `x-units`             |
 * | `x-provider-hang`             | `1`               | never answers                                         |
 * | `x-provider-status`           | `429` or a list,  | answers that error; of a list, the item at the SDK's  |
 * |                               | `500,429,200`     | `x-stainless-retry-count`, then its last; 200: none   |
 * | `x-provider-retry-after`      | seconds           | `retry-after` of such an error (429: 1 unless said)   |
 * | `x-provider-batch`            | `expired:2`       | how a batch ends, and after how many of its lines;    |
 * |                               |                   | `in_progress` until it is cancelled                   |
 * | `x-provider-batch-usage`      | `0`               | the batch reports no usage, only its lines do         |
 */
import type { IncomingHttpHeaders } from 'node:http';
import { invalidField } from './api-error.ts';

/** Most tokens that one header may ask for. */
const SCRIPTED_TOKENS_MAX = 1_000_000;

/** Longest wait that one header may ask for. */
const SCRIPTED_WAIT_MS_MAX = 600_000;

/** The headers, read. */
export interface Script {
  readonly outputTokens: number | null;
  readonly overrunTokens: number | null;
  readonly reasoningTokens: number;
  readonly cachedTokens: number;
  readonly writtenTokens: number;
  readonly tokensPerChunk: number;
  readonly delayMs: number;
  readonly chunkDelayMs: number;
  readonly cutAfterTokens: number | null;
  readonly reportsUsage: boolean;
  /** What the answer says of units; nothing if `null`. */
  readonly units: number | null;
  readonly hangs: boolean;
  /** HTTP statuses by attempt; empty for none. */
  readonly statuses: readonly number[];
  readonly retryAfterSeconds: number | null;
  readonly batchEnd: BatchEnd;
}

/** How a batch ends. */
export interface BatchEnd {
  readonly status: 'completed' | 'expired' | 'failed' | 'in_progress';
  /** Lines that are answered by then; `null` for all. */
  readonly linesAnswered: number | null;
  readonly reportsUsage: boolean;
}

const BATCH_ENDS: readonly BatchEnd['status'][] = ['completed', 'expired', 'failed', 'in_progress'];

/** What a request without such headers gets. */
export const NO_SCRIPT: Script = {
  outputTokens: null,
  overrunTokens: null,
  reasoningTokens: 0,
  cachedTokens: 0,
  writtenTokens: 0,
  tokensPerChunk: 1,
  delayMs: 0,
  chunkDelayMs: 0,
  cutAfterTokens: null,
  reportsUsage: true,
  units: null,
  hangs: false,
  statuses: [],
  retryAfterSeconds: null,
  batchEnd: { status: 'completed', linesAnswered: null, reportsUsage: true },
};

const PREFIX = 'x-provider-';

const READERS: Record<string, (header: string, value: string, script: Script) => Partial<Script>> =
  {
    'output-tokens': (header, value) => ({ outputTokens: tokens(header, value) }),
    overrun: (header, value) => ({ overrunTokens: tokens(header, value) }),
    'reasoning-tokens': (header, value) => ({ reasoningTokens: tokens(header, value) }),
    'cached-tokens': (header, value) => ({ cachedTokens: tokens(header, value) }),
    'written-tokens': (header, value) => ({ writtenTokens: tokens(header, value) }),
    'tokens-per-chunk': (header, value) => ({
      tokensPerChunk: integer(header, value, 1, SCRIPTED_TOKENS_MAX),
    }),
    'delay-ms': (header, value) => ({ delayMs: waitMs(header, value) }),
    'chunk-delay-ms': (header, value) => ({ chunkDelayMs: waitMs(header, value) }),
    'cut-after': (header, value) => ({ cutAfterTokens: tokens(header, value) }),
    'no-usage': (header, value) => ({ reportsUsage: integer(header, value, 0, 1) === 0 }),
    units: (header, value) => ({ units: integer(header, value, 0, 999_999_999) }),
    hang: (header, value) => ({ hangs: integer(header, value, 0, 1) === 1 }),
    status: (header, value) => ({ statuses: value.split(',').map((item) => status(header, item)) }),
    'retry-after': (header, value) => ({ retryAfterSeconds: integer(header, value, 0, 3600) }),
    batch: (header, value, { batchEnd }) => ({
      batchEnd: { ...batchEnd, ...endOf(header, value) },
    }),
    'batch-usage': (header, value, { batchEnd }) => ({
      batchEnd: { ...batchEnd, reportsUsage: integer(header, value, 0, 1) === 1 },
    }),
  };

/** The script in `headers`. Throws a 400 that names the header it cannot use. */
export function readScript(headers: IncomingHttpHeaders): Script {
  let script = NO_SCRIPT;
  for (const header in headers) {
    if (!header.startsWith(PREFIX)) continue;
    const reader = READERS[header.slice(PREFIX.length)];
    if (reader === undefined) throw invalidField(header, 'a header that the provider knows');
    script = { ...script, ...reader(header, String(headers[header]), script) };
  }
  return script;
}

/** The status that attempt number `retryCount` (from 0) is to be refused with, or null for none. */
export function refusedStatus(script: Script, retryCount: number): number | null {
  const { statuses } = script;
  const scripted = statuses[Math.min(retryCount, statuses.length - 1)] ?? 200;
  return scripted === 200 ? null : scripted;
}

function endOf(header: string, value: string): Pick<BatchEnd, 'status' | 'linesAnswered'> {
  const [named, lines] = value.split(':', 2);
  const status = BATCH_ENDS.find((one) => one === named);
  if (status === undefined) throw invalidField(header, `one of ${BATCH_ENDS.join(', ')}`);
  return { status, linesAnswered: lines === undefined ? null : tokens(header, lines) };
}

function tokens(header: string, value: string): number {
  return integer(header, value, 0, SCRIPTED_TOKENS_MAX);
}

function waitMs(header: string, value: string): number {
  return integer(header, value, 0, SCRIPTED_WAIT_MS_MAX);
}

function status(header: string, value: string): number {
  return value.trim() === '200' ? 200 : integer(header, value.trim(), 400, 599);
}

function integer(header: string, value: string, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) {
    throw invalidField(header, `a whole number from ${min} to ${max}`);
  }
  return number;
}
