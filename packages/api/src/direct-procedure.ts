/**
 * Queries and mutations that can also be called without tRPC.
 *
 * tRPC spends several microseconds on each middleware of a call, and its adapters many more on each request. So what a
 * procedure is (its scope, its schema, its work) is said once, here, and made into two things: tRPC's procedure, for
 * the router, and a function that does the same, for the servers of this product that call thousands a second.
 */
import { isBursarError } from '@bursar/core';
import type { z } from 'zod';
import { fromZod } from './error-formatter.ts';
import type { Principal, TokenScope } from './principal.ts';
import { callerWith, procedureFor, type RequestContext } from './procedure.ts';
import { quickReader, UNSURE } from './quick-parse.ts';
import type { BursarService } from './service.ts';

/** A procedure without tRPC around it. */
export interface DirectProcedure {
  readonly type: 'query' | 'mutation';
  /**
   * Checks the caller, then the input, then does the work. Throws `BursarError` for all that tRPC would answer with
   * one; whatever else is thrown is a bug.
   */
  readonly call: (context: RequestContext, input: unknown) => Promise<unknown>;
}

/** What a procedure does, once its caller and its input are known to be good. */
type Work<Schema extends z.ZodType, Output> = (
  service: BursarService,
  principal: Principal,
  input: z.output<Schema>,
) => Promise<Output>;

const DIRECT = new WeakMap<object, DirectProcedure>();

/** The direct form of one of tRPC's procedures, if `query` or `mutation` has made it. */
export function directFormOf(procedure: object): DirectProcedure | undefined {
  return DIRECT.get(procedure);
}

/** A query for callers with `scope`. */
export function query<Schema extends z.ZodType, Output>(
  scope: TokenScope,
  schema: Schema,
  work: Work<Schema, Output>,
) {
  const procedure = procedureFor(scope)
    .input(schema)
    .query(({ ctx, input }) => work(ctx.service, ctx.principal, input as z.output<Schema>));
  DIRECT.set(procedure, { type: 'query', call: caller(scope, schema, work) });
  return procedure;
}

/** A mutation for callers with `scope`. */
export function mutation<Schema extends z.ZodType, Output>(
  scope: TokenScope,
  schema: Schema,
  work: Work<Schema, Output>,
) {
  const procedure = procedureFor(scope)
    .input(schema)
    .mutation(({ ctx, input }) => work(ctx.service, ctx.principal, input as z.output<Schema>));
  DIRECT.set(procedure, { type: 'mutation', call: caller(scope, schema, work) });
  return procedure;
}

function caller<Schema extends z.ZodType, Output>(
  scope: TokenScope,
  schema: Schema,
  work: Work<Schema, Output>,
): DirectProcedure['call'] {
  const parse = parserOf(schema);
  return async ({ service, principal }, input) => {
    const allowed = callerWith(scope, principal);
    if (isBursarError(allowed)) throw allowed;
    return await work(service, allowed, parse(input));
  };
}

/** Throws what zod says is wrong, in Bursar's words. */
function parserOf<Schema extends z.ZodType>(schema: Schema): (input: unknown) => z.output<Schema> {
  const readQuickly = quickReader(schema);
  return (input) => {
    const read = readQuickly(input);
    if (read !== UNSURE) return read;
    const parsed = schema.safeParse(input);
    if (!parsed.success) throw fromZod(parsed.error);
    return parsed.data;
  };
}
