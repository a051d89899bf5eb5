/** `usage.*`: what a user has spent, now, before, and as it happens. */
import { tracked } from '@trpc/server';
import { createRouter, procedureFor } from '../procedure.ts';
import { currentUsageInput, liveUsageInput, usageHistoryInput } from '../schemas/usage.ts';

export const usageRouter = createRouter({
  current: procedureFor('read')
    .input(currentUsageInput)
    .query(({ ctx, input }) => ctx.service.currentUsage(ctx.principal, input)),
  history: procedureFor('read')
    .input(usageHistoryInput)
    .query(({ ctx, input }) => ctx.service.usageHistory(ctx.principal, input)),
  live: procedureFor('read')
    .input(liveUsageInput)
    .subscription(async function* ({ ctx, input, signal }) {
      const states = ctx.service.liveUsage(
        ctx.principal,
        input,
        signal ?? new AbortController().signal,
      );
      for await (const { id, budget } of states) yield tracked(id, budget);
    }),
});
