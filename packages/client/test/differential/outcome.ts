/** What a caller sees of a call, in a form in which two calls can be compared. */
import type { CallRecord } from '@bursar/local-provider';

/** How a call ended for its caller, and what the provider saw of it. */
export interface Outcome {
  readonly result?: unknown;
  readonly error?: unknown;
  readonly attempts: readonly unknown[];
}

/** The outcome of `call`; `attemptsIn` is what the provider has seen of it when it is over. */
export async function outcomeOf(
  call: () => Promise<unknown>,
  attemptsIn: () => Promise<readonly CallRecord[]>,
): Promise<Outcome> {
  const seen = await call().then(
    (result) => ({ result: comparable(result) }),
    (error: unknown) => ({ error: comparableError(error) }),
  );
  // To read the file that a batch is of is all that Bursar asks for by itself.
  const own = (await attemptsIn()).filter(({ path }) => !path.endsWith('/content'));
  const attempts = own.map(({ path, model, retryCount, status, ending }) => ({
    path: comparable(path),
    model,
    retryCount,
    status,
    // Whether the caller or the SDK hung up first is a race of theirs once all has been answered.
    ending: ending === 'aborted' && status === 200 ? 'completed' : ending,
  }));
  return { ...seen, attempts };
}

/** `value` without what differs from call to call: ids and times. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value) ?? String(value);
  return text
    .replaceAll(
      /\b(chatcmpl-|resp_|msg_|req_|call_|cmpl-|modr-|toolu_|file-|batch_req_|batch_)[0-9a-f]+/g,
      '$1…',
    )
    .replaceAll(/(\\?"(?:created|[a-z_]+_at)\\?":)[0-9.]+/g, '$1…');
}

/** Class, message, every field, and the causes. */
function comparableError(error: unknown): unknown {
  if (!(error instanceof Error)) return comparable(error);
  const { name, message, cause } = error;
  // Of a socket the ports and bytes are its own.
  const {
    headers,
    requestID,
    socket: _,
    cause: _cause,
    ...fields
  } = Object.fromEntries(Object.entries(error)) as Record<string, unknown>;
  return {
    class: error.constructor.name,
    name,
    message: comparable(message),
    fields: comparable(fields),
    headers: headers instanceof Headers ? [...headers.keys()] : headers,
    hasRequestId: typeof requestID === 'string',
    cause: cause === undefined ? undefined : comparableError(cause),
  };
}
