/** `limits.*`: what may be spent of a budget. */
import { createRouter, procedureFor } from '../procedure.ts';
import { clearLimitInput, getLimitInput, setLimitInput } from '../schemas/limits.ts';

export const limitsRouter = createRouter({
  get: procedureFor('read')
    .input(getLimitInput)
    .query(({ ctx, input }) => ctx.service.getLimit(ctx.principal, input)),
  set: procedureFor('admin')
    .input(setLimitInput)
    .mutation(({ ctx, input }) => ctx.service.setLimit(ctx.principal, input)),
  clear: procedureFor('admin')
    .input(clearLimitInput)
    .mutation(({ ctx, input }) => ctx.service.clearLimit(ctx.principal, input)),
});
