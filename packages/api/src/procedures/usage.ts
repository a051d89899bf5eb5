/** `usage.*`: what a user has spent, now, before, and as it happens. */
import { tracked } from '@trpc/server';
import { query } from '../direct-procedure.ts';
import { createRouter, procedureFor } from '../procedure.ts';
import { currentUsageInput, liveUsageInput, usageHistoryInput } from '../schemas/usage.ts';

export const usageRouter = createRouter({
  current: query('read', currentUsageInput, (service, principal, input) =>
    service.currentUsage(principal, input),
  ),
  history: query('read', usageHistoryInput, (service, principal, input) =>
    service.usageHistory(principal, input),
  ),
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
