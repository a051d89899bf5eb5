/** The direct design as two procedures: a look at the user's row before a call, an addition to it after. */
import { initTRPC } from '@trpc/server';
import type { Pool } from 'pg';
import { z } from 'zod';

/** What both procedures answer. */
export interface DirectAnswer {
  readonly allowed: boolean;
}

const MESSAGE = z.object({ user: z.int().min(0), amount: z.int().min(0) });

/**
 * The router over `pool`, on the tables of `makeTables`. The kindest reading of the design: the sum is added to in
 * one statement, so that none is forgotten; but between the two, calls do not see each other.
 */
export function directPairRouter(pool: Pool) {
  const { router, procedure } = initTRPC.create();
  const message = procedure.input(MESSAGE);
  return router({
    check: message.mutation(async ({ input: { user, amount } }): Promise<DirectAnswer> => {
      const { rows } = await pool.query<{ used: string; lim: string }>(
        'select used, lim from spend where user_id = $1',
        [user],
      );
      const { used, lim } = rows[0] ?? { used: 0, lim: 0 };
      return { allowed: Number(used) + amount <= Number(lim) };
    }),
    record: message.mutation(async ({ input: { user, amount } }): Promise<DirectAnswer> => {
      await pool.query('update spend set used = used + $2 where user_id = $1', [user, amount]);
      return { allowed: true };
    }),
  });
}
