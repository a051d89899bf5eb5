/**
 * One request: route, body, then the procedures with a verified caller.
 *
 * Plain requests are answered directly; everything else, event streams first of all, by tRPC's adapter. What arrives at
 * either is already bounded and normalised; what is refused here has tRPC's error shape.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { appRouter, type BursarService, type RequestContext, toBursarError } from '@bursar/api';
import { type Clock, isBursarError } from '@bursar/core';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { errorReporter, type NoteFailure, reportedBug } from '../telemetry/error-reporter.ts';
import type { Log } from '../telemetry/logger.ts';
import type { SignIn } from '../tokens/sign-in.ts';
import { SECURITY_HEADERS } from './answer-headers.ts';
import { answerDirectly } from './direct-answer.ts';
import { type DirectRequest, directRequestOf, inputsIn } from './direct-request.ts';
import { errorHeaders, sendError } from './error-answer.ts';
import { sendJson } from './json-answer.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Readiness } from './readiness.ts';
import { BODY_BYTES_MAX, readBody } from './request-body.ts';
import { reserveHeaders } from './reserve-headers.ts';
import { BATCH_CALLS_MAX, PROCEDURES_PATH, routeOf } from './route.ts';

/** What a request is answered with. */
export interface RequestHandlerOptions {
  readonly service: BursarService;
  readonly signIn: SignIn;
  readonly readiness: Readiness;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly log: Log;
  readonly newErrorId: () => string;
  readonly noteFailure: NoteFailure;
}

/** The listener of the HTTP server. Never throws, and always answers. */
export function requestHandler(
  options: RequestHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const answerByTrpc = trpcHandler(options);
  const answerPlain = async (
    { target, query }: DirectRequest,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const json = request.method === 'POST' ? await readBody(request) : (query ?? '');
    const inputs = inputsIn(target, json);
    if (inputs === undefined) return await answerByTrpc(request, response, json);
    await answerDirectly(options, request, response, target, inputs);
  };
  return async (request, response) => {
    try {
      const plain = directRequestOf(request);
      if (plain === undefined) await answerByTrpc(request, response);
      else await answerPlain(plain, request, response);
    } catch (error) {
      refuse(options, response, error);
    }
  };
}

/** Answers whatever there is; `knownBody` is the body, when it has been read. Rejects with what is refused. */
function trpcHandler(
  options: RequestHandlerOptions,
): (request: IncomingMessage, response: ServerResponse, knownBody?: string) => Promise<void> {
  const { service, signIn, streams, clock, noteFailure } = options;
  const callProcedures = createHTTPHandler({
    router: appRouter,
    basePath: PROCEDURES_PATH,
    maxBodySize: BODY_BYTES_MAX,
    maxBatchSize: BATCH_CALLS_MAX,
    createContext: async ({ req, res }): Promise<RequestContext> => {
      const { authorization } = req.headers;
      const principal = await signIn.verify(authorization, req.socket.remoteAddress ?? '');
      if (typeof principal !== 'string' && req.method === 'GET') {
        streams.add(res, authorization ?? '');
      }
      return { service, principal };
    },
    responseMeta({ errors, info, data }) {
      const paths = info?.calls.map(({ path }) => path) ?? [];
      return {
        headers: {
          ...errorHeaders(errors.map(toBursarError)),
          ...reserveHeaders(paths, data.map(resultIn), clock.nowMs()),
        },
      };
    },
    onError: errorReporter(noteFailure),
  });

  return async (request, response, knownBody) => {
    response.setHeaders(new Map(SECURITY_HEADERS));
    const route = routeOf(request);
    switch (route.kind) {
      case 'healthz':
        return sendJson(response, 200, JSON.stringify({ status: 'ok' }));
      case 'readyz': {
        const report = await options.readiness.report();
        return sendJson(response, report.status === 'ready' ? 200 : 503, JSON.stringify(report));
      }
      case 'procedures': {
        if (request.method === 'POST') {
          Object.assign(request, { body: knownBody ?? (await readBody(request)) });
        }
        // tRPC parses the URL again, with the Host header as its base: it must come to the same result.
        request.url = route.url;
        request.headers.host = 'localhost';
        callProcedures(request, response);
      }
    }
  };
}

/** What tRPC wraps; nothing if it failed. */
function resultIn(answer: object): unknown {
  const { result } = answer as { readonly result?: { readonly data?: unknown } };
  return result?.data;
}

function refuse(options: RequestHandlerOptions, response: ServerResponse, error: unknown): void {
  if (!response.headersSent) response.setHeaders(new Map(SECURITY_HEADERS));
  // Whatever is left of the request is not going to be read.
  response.setHeader('connection', 'close');
  if (isBursarError(error)) {
    options.log.debug({ code: error.code, field: error.field }, 'a request was refused');
    return sendError(response, error);
  }
  if (response.destroyed) return;
  const errorId = options.newErrorId();
  options.log.error({ errorId, error }, 'a request met a bug in Bursar');
  sendError(response, reportedBug(errorId));
}
