/**
 * The base of every procedure: a verified caller with the scope that the procedure names, and errors in
 * Bursar's words. There is no procedure without a scope, so a new one cannot be left open by accident.
 */
import { BursarError, type ErrorCode, isBursarError } from '@bursar/core';
import { initTRPC } from '@trpc/server';
import { errorData, toBursarError, toTrpcError } from './error-formatter.ts';
import type { Principal, TokenScope } from './principal.ts';
import type { BursarService } from './service.ts';

/** What comes with a request. */
export interface RequestContext {
  readonly service: BursarService;
  /** The verified caller, or the reason why there is none. */
  readonly principal: Principal | Extract<ErrorCode, 'unauthorized' | 'too_many_requests'>;
}

const trpc = initTRPC
  .context<RequestContext>()
  .meta<{ readonly scope: TokenScope }>()
  .create({
    isDev: false,
    sse: {
      ping: { enabled: true, intervalMs: 15_000 },
      client: { reconnectAfterInactivityMs: 45_000 },
    },
    errorFormatter: ({ shape, error }) => {
      const bursarError = toBursarError(error);
      return { code: shape.code, message: bursarError.message, data: errorData(bursarError) };
    },
  });

/** A procedure that only callers with `scope` may use. */
export function procedureFor(scope: TokenScope) {
  return trpc.procedure.meta({ scope }).use(async ({ ctx, next }) => {
    const principal = callerWith(scope, ctx.principal);
    if (isBursarError(principal)) throw toTrpcError(principal);
    const result = await next({ ctx: { ...ctx, principal } });
    if (!result.ok) throw toTrpcError(toBursarError(result.error));
    return result;
  });
}

export const createRouter = trpc.router;
export const createCallerFactory = trpc.createCallerFactory;

/** The caller, if it is known and has `scope`; else why it may not. */
export function callerWith(
  scope: TokenScope,
  principal: RequestContext['principal'],
): Principal | BursarError {
  if (typeof principal === 'string') return refusal(principal);
  if (principal.scopes.includes(scope)) return principal;
  return new BursarError('forbidden', {
    message: `This token lacks the scope "${scope}"; make one with it: bursar token create --scope ${scope}`,
  });
}

function refusal(reason: Extract<ErrorCode, 'unauthorized' | 'too_many_requests'>): BursarError {
  return reason === 'unauthorized'
    ? new BursarError('unauthorized', {
        message:
          'Send a valid service token as "Authorization: Bearer …"; make one with: bursar token create',
      })
    : new BursarError('too_many_requests', {
        message: 'Too many failed sign-ins from this address; wait a minute.',
        retryAfterMs: 60_000,
      });
}
