/** `usage.*`: what a user has spent, now, before, and as it happens. */
import { tracked } from '@trpc/server';
import { query } from '../direct-procedure.ts';
import { toBursarError, toTrpcError } from '../error-formatter.ts';
import { createRouter, procedureFor } from '../procedure.ts';
import { currentUsageInput, liveUsageInput, usageHistoryInput } from '../schemas/usage.ts';

/** Who may follow a budget, and what they say. */
export const LIVE = { scope: 'read', input: liveUsageInput } as const;

export const usageRouter = createRouter({
  current: query('read', currentUsageInput, (service, principal, input) =>
    service.currentUsage(principal, input),
  ),
  history: query('read', usageHistoryInput, (service, principal, input) =>
    service.usageHistory(principal, input),
  ),
  live: procedureFor(LIVE.scope)
    .input(LIVE.input)
    .subscription(async function* ({ ctx, input, signal }) {
      const states = ctx.service.liveUsage(
        ctx.principal,
        input,
        signal ?? new AbortController().signal,
      );
      try {
        for await (const { id, budget } of states) yield tracked(id, budget);
      } catch (error) {
        // Nobody translates what is thrown once the stream has begun, and a client asks again for ever where it thinks
        // that the server is at fault.
        throw toTrpcError(toBursarError(error));
      }
    }),
});
