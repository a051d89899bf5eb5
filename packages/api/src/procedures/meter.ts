/** `meter.*`: around each call to a model. */
import { createRouter, procedureFor } from '../procedure.ts';
import { extendInput } from '../schemas/extend.ts';
import { releaseInput } from '../schemas/release.ts';
import { reserveInput } from '../schemas/reserve.ts';
import { settleInput } from '../schemas/settle.ts';

export const meterRouter = createRouter({
  reserve: procedureFor('meter')
    .input(reserveInput)
    .mutation(({ ctx, input }) => ctx.service.reserve(ctx.principal, input)),
  extend: procedureFor('meter')
    .input(extendInput)
    .mutation(({ ctx, input }) => ctx.service.extend(ctx.principal, input)),
  settle: procedureFor('meter')
    .input(settleInput)
    .mutation(({ ctx, input }) => ctx.service.settle(ctx.principal, input)),
  release: procedureFor('meter')
    .input(releaseInput)
    .mutation(({ ctx, input }) => ctx.service.release(ctx.principal, input)),
});
