/** Every procedure of the server. */
import { type DirectProcedure, directFormOf } from './direct-procedure.ts';
import { createCallerFactory, createRouter } from './procedure.ts';
import { keysRouter } from './procedures/keys.ts';
import { budgetsRouter } from './procedures/budgets.ts';
import { limitsRouter } from './procedures/limits.ts';
import { meterRouter } from './procedures/meter.ts';
import { policiesRouter } from './procedures/policies.ts';
import { usageRouter } from './procedures/usage.ts';

export const appRouter = createRouter({
  meter: meterRouter,
  usage: usageRouter,
  limits: limitsRouter,
  keys: keysRouter,
  budgets: budgetsRouter,
  policies: policiesRouter,
});

/** The contract, as a type: all that a client needs to know of the server. */
export type AppRouter = typeof appRouter;

/** Calls the same procedures in-process, with the same parsing, checks and errors. */
export const createCaller = createCallerFactory(appRouter);

/** Whatever calls the procedures in-process: `createCaller` makes one, and `directCaller` a faster one. */
export type Caller = ReturnType<typeof createCaller>;

/** Every query and mutation by its path, `meter.reserve`, to be called without tRPC. */
export const directProcedures: ReadonlyMap<string, DirectProcedure> = new Map(
  Object.entries<object>(appRouter._def.procedures).flatMap(([path, procedure]) => {
    const direct = directFormOf(procedure);
    return direct === undefined ? [] : [[path, direct] as const];
  }),
);
