/**
 * The call to the provider itself, until its answer begins. Whatever prevents an answer ends the metered call
 * with what is known: nothing reached the provider, or nobody can tell.
 */
import { loading } from '../loading.ts';
import type { MeteredCall } from '../metered-call.ts';
import type { Spent } from '../call-terms.ts';
import type { UnfinishedWork } from '../unfinished-work.ts';
import type { BackgroundCalls } from './background-calls.ts';
import type { CallerPresence } from './caller-presence.ts';
import { fetchArguments, type HttpRequest } from './http-request.ts';
import type { ErrorBodies, ModelRequest, ReadRequest } from './provider-api.ts';

const loadFailure = loading(() => import('../connection-failure.ts'));

/** What an answer needs of the call that it is to. */
export type AnsweredCall = Pick<
  MeteredCall,
  | 'reservation'
  | 'paidBy'
  | 'hasEnded'
  | 'dispatch'
  | 'cover'
  | 'noteUnits'
  | 'goOnInBackground'
  | 'settle'
  | 'release'
>;

/** A metered call and everything that belongs to it while it is answered. */
export interface ProviderCall {
  readonly call: AnsweredCall;
  readonly read: ReadRequest;
  readonly presence: CallerPresence;
  readonly unfinished: UnfinishedWork;
  readonly background: BackgroundCalls;
  readonly errors: ErrorBodies;
}

/** The provider's answer. Rejects with what `base` rejects with, once the call has ended. */
export async function callProvider(
  http: HttpRequest,
  { call, read, presence }: ProviderCall,
  base: typeof fetch,
): Promise<Response> {
  const { providerSignal: signal, departure } = presence;
  const text = (await read.taggedText?.(call.reservation)) ?? read.request.text;
  const [url, init] = fetchArguments(
    http,
    text === undefined ? { signal } : { body: text, signal },
  );
  let sending: Promise<Response> | undefined;
  try {
    if (departure !== undefined) throw departure.reason;
    call.dispatch();
    sending = base(url, init);
    return await unlessAborted(sending, signal);
  } catch (error) {
    presence.forget();
    // What was thrown before there was a promise, or failed while connecting, never reached anybody.
    const isUnsent = sending === undefined || (await loadFailure()).wasNeverSent(error);
    if (isUnsent) await call.release();
    else await endUnseen(call, read);
    throw error;
  }
}

/** Ends a call whose answer nobody saw; a job may have begun, and is charged in full unless its end is seen. */
export async function endUnseen(call: AnsweredCall, { request }: ReadRequest): Promise<void> {
  if (request.isJob !== true) await call.settle(spentUnseen(request));
}

/** What a call cost whose answer nobody saw: the provider has read the input, more is not known. */
export function spentUnseen(request: ModelRequest): Spent {
  const { inputTokensExpected: inputTokens, serviceTier, otherUnitsUnseen: otherUnits } = request;
  return { usage: { inputTokens }, otherUnits, basis: 'estimated', serviceTier };
}

/** `sending`, or a rejection as soon as `signal` aborts: a `fetch` of the caller's own may not listen to it. */
function unlessAborted(sending: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason);
      // An answer that comes all the same is not for anybody.
      sending.then((late) => late.body?.cancel()).catch(() => {});
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    void sending.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
