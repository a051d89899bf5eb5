/** Calling procedures without tRPC, and what their answers are written as: the same as with it. */
import { type BursarService, errorShape, type RequestContext } from '@bursar/api';
import type { BursarError } from '@bursar/core';
import type { NoteFailure } from '../telemetry/error-reporter.ts';
import type { DirectCall } from './direct-request.ts';

/** How a call ended. */
export type CallResult =
  | { readonly data: unknown; readonly error?: undefined }
  | { readonly error: BursarError; readonly data?: undefined };

/** What calls need. */
export interface DirectCallsOptions {
  readonly service: BursarService;
  readonly noteFailure: NoteFailure;
}

/** Calls `call` for `principal`. Never rejects: what fails is noted, and told as far as the caller may see it. */
export async function callDirectly(
  { service, noteFailure }: DirectCallsOptions,
  { path, procedure }: DirectCall,
  principal: RequestContext['principal'],
  input: unknown,
): Promise<CallResult> {
  try {
    return { data: await procedure.call({ service, principal }, input) };
  } catch (error) {
    return { error: noteFailure(error, path) };
  }
}

/** `result` as it is written, without what is around it. */
export function textOf({ data, error }: CallResult): string {
  return JSON.stringify(error === undefined ? { result: { data } } : { error: errorShape(error) });
}

/** The status of an answer with `results`, of which there is at least one: 207 when they differ. */
export function statusOf(results: readonly CallResult[]): number {
  const [first, ...others] = results.map(({ error }) => error?.status ?? 200);
  return others.every((status) => status === first) ? (first ?? 200) : 207;
}
