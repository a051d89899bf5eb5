/**
 * Answering plain requests: one function call per procedure, one write per request, and no object in between that the
 * answer does not need.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BursarError, Clock } from '@bursar/core';
import type { SignIn } from '../tokens/sign-in.ts';
import { SECURITY_HEADERS } from './answer-headers.ts';
import {
  callDirectly,
  type CallResult,
  type DirectCallsOptions,
  statusOf,
  textOf,
} from './direct-calls.ts';
import type { DirectTarget } from './direct-request.ts';
import { errorHeaders } from './error-answer.ts';
import { reserveHeaders } from './reserve-headers.ts';

/** What answering needs. */
export interface DirectAnswerOptions extends DirectCallsOptions {
  readonly signIn: SignIn;
  readonly clock: Clock;
}

/** Names and values in turns, as Node writes them fastest. The same as tRPC's adapter sends. */
const HEADERS: readonly string[] = [
  ...SECURITY_HEADERS,
  ['vary', 'trpc-accept, accept'] as const,
  ['content-type', 'application/json'] as const,
].flat();

/** Calls what `request` asks for with `inputs`, and answers. */
export async function answerDirectly(
  options: DirectAnswerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { calls, isBatch }: DirectTarget,
  inputs: readonly unknown[],
): Promise<void> {
  const { authorization } = request.headers;
  const { remoteAddress = '' } = request.socket;
  let results: readonly CallResult[];
  try {
    const principal = await options.signIn.verify(authorization, remoteAddress);
    results = await Promise.all(
      calls.map((call, index) => callDirectly(options, call, principal, inputs[index])),
    );
  } catch (error) {
    // Nobody knows who calls: the store of tokens is away.
    results = calls.map(({ path }) => ({ error: options.noteFailure(error, path) }));
  }
  const texts = results.map(textOf);
  const body = isBatch ? `[${texts.join(',')}]` : (texts[0] ?? '');
  const headers = [...HEADERS, 'content-length', String(Buffer.byteLength(body))];
  for (const [name, value] of Object.entries(moreHeaders(options, calls, results))) {
    headers.push(name, value);
  }
  response.writeHead(statusOf(results), headers);
  response.end(body);
}

const NONE = {};

function moreHeaders(
  { clock }: DirectAnswerOptions,
  calls: DirectTarget['calls'],
  results: readonly CallResult[],
): Readonly<Record<string, string>> {
  const errors = results.flatMap(({ error }): readonly BursarError[] => (error ? [error] : []));
  if (errors.length > 0) return errorHeaders(errors);
  if (calls.length > 1) return NONE;
  return reserveHeaders(
    calls.map(({ path }) => path),
    results.map(({ data }) => data),
    clock.nowMs(),
  );
}
