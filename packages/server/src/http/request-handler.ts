/**
 * One request: route, body, then tRPC with a verified caller.
 *
 * What arrives at tRPC is already bounded and normalised; what is refused here has tRPC's error shape.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { appRouter, type BursarService, type RequestContext, toBursarError } from '@bursar/api';
import { type Clock, isBursarError } from '@bursar/core';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { type FailedCall, reportedBug } from '../telemetry/error-reporter.ts';
import type { Log } from '../telemetry/logger.ts';
import type { SignIn } from '../tokens/sign-in.ts';
import { errorHeaders, sendError } from './error-answer.ts';
import { sendJson } from './json-answer.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Readiness } from './readiness.ts';
import { BODY_BYTES_MAX, readBody } from './request-body.ts';
import { reserveHeaders } from './reserve-headers.ts';
import { BATCH_CALLS_MAX, PROCEDURES_PATH, routeOf } from './route.ts';

/** For every answer: nothing here is a page, a script or worth keeping. */
const SECURITY_HEADERS = new Map([
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-resource-policy', 'same-origin'],
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
]);

/** What a request is answered with. */
export interface RequestHandlerOptions {
  readonly service: BursarService;
  readonly signIn: SignIn;
  readonly readiness: Readiness;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly log: Log;
  readonly newErrorId: () => string;
  readonly reportError: (call: FailedCall) => void;
}

/** The listener of the HTTP server. Never throws, and always answers. */
export function requestHandler(
  options: RequestHandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { service, signIn, streams, clock, reportError } = options;
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
      const headers = errorHeaders(errors.map(toBursarError));
      const paths = info?.calls.map(({ path }) => path) ?? [];
      for (const [name, value] of Object.entries(reserveHeaders(paths, data, clock.nowMs()))) {
        headers.set(name, value);
      }
      return { headers };
    },
    onError: reportError,
  });

  return async (request, response) => {
    response.setHeaders(SECURITY_HEADERS);
    try {
      const route = routeOf(request);
      switch (route.kind) {
        case 'healthz':
          return sendJson(response, 200, JSON.stringify({ status: 'ok' }));
        case 'readyz': {
          const report = await options.readiness.report();
          return sendJson(response, report.status === 'ready' ? 200 : 503, JSON.stringify(report));
        }
        case 'procedures': {
          if (request.method === 'POST') Object.assign(request, { body: await readBody(request) });
          // tRPC parses the URL again, with the Host header as its base: it must come to the same result.
          request.url = route.url;
          request.headers.host = 'localhost';
          callProcedures(request, response);
        }
      }
    } catch (error) {
      refuse(options, response, error);
    }
  };
}

function refuse(options: RequestHandlerOptions, response: ServerResponse, error: unknown): void {
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
