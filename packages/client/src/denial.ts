/**
 * Recognising a refused call among the errors that SDKs throw, without importing any of them. What tells is
 * the body that Bursar answered with (`http/refusal-response.ts`), wherever the SDK put it.
 */
import type { Denied, DenialReason, DeniedFor } from '@bursar/api';
import { causesOf } from './causes.ts';

/** What the openai package throws for a call refused for one reason: its `APIError`, as far as Bursar fills it. */
export interface DeniedCallFor<Reason extends DenialReason> extends Error {
  /**
   * 429 for `rate_limited` when trying again helps (the package does, after the time it is told), 413 for
   * `request_too_large`, 402 for all others; `undefined` when a running stream was stopped.
   */
  readonly status: 402 | 413 | 429 | undefined;
  readonly type: 'bursar_denied';
  readonly code: Reason;
  readonly error: { readonly message: string; readonly bursar: DeniedFor<Reason> };
}

/** The same for any reason; `code` tells which, and narrows `error.bursar` with it. */
export type DeniedCall = { [Reason in DenialReason]: DeniedCallFor<Reason> }[DenialReason];

/**
 * Whether `error` is what the openai package throws for a call that Bursar refused. For errors of other SDKs,
 * and errors wrapped in others, ask `denialOf`.
 */
export function isDenied(error: unknown): error is DeniedCall {
  // Errors of other SDKs have no code.
  const { code, error: body } = (error ?? {}) as { code?: unknown; error?: unknown };
  return error instanceof Error && code !== undefined && deniedIn(body) !== undefined;
}

/**
 * Why Bursar refused the call that `error` is about, or `undefined` if it is about something else. Looks into
 * errors of the openai package and the Vercel AI SDK, and into their causes.
 */
export function denialOf(error: unknown): Denied | undefined {
  for (const cause of causesOf(error)) {
    const denied =
      deniedIn(cause['error']) ??
      deniedInText(cause['responseBody']) ??
      lastDenial(cause['lastError']);
    if (denied !== undefined) return denied;
  }
  return undefined;
}

/** The AI SDK gives up with an error that holds the last one. */
function lastDenial(error: unknown): Denied | undefined {
  return error === undefined || error === null
    ? undefined
    : deniedInText((error as { responseBody?: unknown }).responseBody);
}

function deniedInText(body: unknown): Denied | undefined {
  if (typeof body !== 'string' || !body.includes('bursar')) return undefined;
  try {
    return deniedIn((JSON.parse(body) as { error?: unknown } | null)?.error);
  } catch {
    return undefined;
  }
}

function deniedIn(body: unknown): Denied | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const denied = (body as { bursar?: Partial<Denied> | null }).bursar;
  return denied?.decision === 'denied' ? (denied as Denied) : undefined;
}
