/**
 * The way of one call: read, record, check the key, play the script, answer.
 *
 * The order is part of the contract: a wrong key is refused before anything else is looked at, and a
 * scripted delay or failure comes before the request is judged.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, scriptedError } from './api-error.ts';
import type { CallLog, OpenCall } from './call-log.ts';
import { checkKey, keyIn } from './caller-key.ts';
import type { FindEndpoint } from './endpoints.ts';
import { ConnectionEnded, Exchange } from './exchange.ts';
import { type Body, BODY_BYTES_MAX, readBody } from './read-body.ts';
import { asObject, type JsonObject } from './request-fields.ts';
import { NO_SCRIPT, readScript, refusedStatus, type Script } from './script.ts';
import type { IdSource } from './unique-id.ts';

/** What the calls of one provider share. */
export interface CallContext {
  readonly log: CallLog;
  readonly newId: IdSource;
  readonly findEndpoint: FindEndpoint;
  /** The key that callers must present; null accepts any. */
  readonly apiKey: string | null;
}

/** Answers one request. A request that its client does not finish is never a call. */
export async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  context: CallContext,
): Promise<void> {
  const body = await readBody(request);
  if (body.kind === 'unfinished') return;
  // What is kept is given as it is, whatever else the request that needs it is to meet.
  const isFile = request.url?.split('?')[0]?.endsWith('/content') === true;
  const script = isFile ? NO_SCRIPT : attempt(() => readScript(request.headers));
  const parsed = await parseBody(request, body).catch((error: unknown) => {
    if (error instanceof ApiError) return error;
    throw error;
  });
  const exchange = new Exchange({
    request,
    response,
    log: context.log,
    newId: context.newId,
    script: script instanceof ApiError ? NO_SCRIPT : script,
    call: openCall(request, parsed, context),
  });
  try {
    await answer(exchange, request, { script, parsed, context });
  } catch (error) {
    if (error instanceof ConnectionEnded) return;
    exchange.refuse(error instanceof ApiError ? error : scriptedError(500));
    if (!(error instanceof ApiError)) throw error;
  }
}

async function answer(
  exchange: Exchange,
  request: IncomingMessage,
  {
    script,
    parsed,
    context,
  }: {
    readonly script: Script | ApiError;
    readonly parsed: JsonObject | ApiError;
    readonly context: CallContext;
  },
): Promise<void> {
  checkKey(request, context.apiKey);
  const endpoint = context.findEndpoint(request.method ?? '', exchange.call.path);
  if (script instanceof ApiError) throw script;
  if (script.hangs) await exchange.hang();
  if (script.delayMs > 0) await exchange.pause(script.delayMs);
  const status = refusedStatus(script, exchange.call.retryCount);
  if (status !== null) throw scriptedError(status);
  if (parsed instanceof ApiError) throw parsed;
  await endpoint(exchange, parsed);
}

function openCall(
  request: IncomingMessage,
  parsed: JsonObject | ApiError,
  { newId }: CallContext,
): OpenCall {
  const model = parsed instanceof ApiError ? null : parsed['model'];
  return {
    id: newId('req_'),
    path: (request.url ?? '').split('?', 1)[0] ?? '',
    model: typeof model === 'string' ? model : null,
    keyHint: keyIn(request)?.slice(-4) ?? null,
    arrivedAtMs: Date.now(),
    retryCount: Number(request.headers['x-stainless-retry-count'] ?? 0) || 0,
    status: null,
    promptTokens: 0,
    cachedTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    reportedUsage: null,
    ending: null,
  };
}

async function parseBody(
  request: IncomingMessage,
  body: Exclude<Body, { kind: 'unfinished' }>,
): Promise<JsonObject> {
  if (body.kind === 'too_large') {
    throw new ApiError(`The body is larger than ${BODY_BYTES_MAX} bytes.`, { status: 413 });
  }
  if (request.method !== 'POST') return {};
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) return await formFields(type, body.bytes);
  // Some POSTs have nothing to say.
  if (body.bytes.length === 0 && request.url?.endsWith('/cancel') === true) return {};
  const parsed = asObject(parsedJson(body.bytes.toString('utf8')));
  if (parsed !== null) return parsed;
  throw new ApiError('We could not parse the JSON body of your request.', { status: 400 });
}

/**
 * A form as an object: texts by name, the number of files as `#files`, their bytes as `#fileBytes`, of the last one the
 * name as `#name` and the content as `#content`.
 */
async function formFields(contentType: string, bytes: Buffer): Promise<JsonObject> {
  const headers = { 'content-type': contentType };
  const fields: Record<string, unknown> = {};
  let files = 0;
  let fileBytes = 0;
  for (const [name, value] of await new Response(new Uint8Array(bytes), { headers }).formData()) {
    if (typeof value === 'string') fields[name] = value;
    else {
      files += 1;
      fileBytes += value.size;
      fields['#name'] = value.name;
      fields['#content'] = Buffer.from(await value.arrayBuffer());
    }
  }
  return { ...fields, '#files': files, '#fileBytes': fileBytes };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What `read` returns, or the refusal it throws, kept until it is its turn. */
function attempt<Value>(read: () => Value): Value | ApiError {
  try {
    return read();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}
