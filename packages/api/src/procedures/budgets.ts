/** `budgets.*`: what people change on a budget. */
import { createRouter, procedureFor } from '../procedure.ts';
import { adjustInput, grantInput } from '../schemas/budgets.ts';

export const budgetsRouter = createRouter({
  grant: procedureFor('admin')
    .input(grantInput)
    .mutation(({ ctx, input }) => ctx.service.grant(ctx.principal, input)),
  adjust: procedureFor('admin')
    .input(adjustInput)
    .mutation(({ ctx, input }) => ctx.service.adjust(ctx.principal, input)),
});
