/** `limits.*`: what a user may spend. */
import { createRouter, procedureFor } from '../procedure.ts';
import { getLimitInput, setLimitInput } from '../schemas/limits.ts';

export const limitsRouter = createRouter({
  get: procedureFor('read')
    .input(getLimitInput)
    .query(({ ctx, input }) => ctx.service.getLimit(ctx.principal, input)),
  set: procedureFor('admin')
    .input(setLimitInput)
    .mutation(({ ctx, input }) => ctx.service.setLimit(ctx.principal, input)),
});
