/** The two systems under load, from a caller's side: ours by its SDK, and the direct design by what is below that. */
import { connect } from '@bursar/client';
import { parseUsd } from '@bursar/core';
import { BatchedCalls } from '../../../packages/client/src/transport/batched-calls.ts';
import { REQUEST_MS_MAX, requestsTo } from '../../../packages/client/src/transport/requests.ts';
import type { DirectAnswer } from '../servers/direct-pair.ts';
import { idOf, userOf } from './names.ts';
import type { MeteringService } from './generate.ts';
import { costOf, holdOf, MODEL, usedOutput } from './workload.ts';

/** How long calls that vanish stay reserved, in milliseconds: not longer than a run. */
export const VANISHING_TTL_MS = 2_000;
/**
 * The same of all others: far longer than any of them takes. What nobody ends, because an answer was lost on the way, has to be free
 * again after it, and is looked for then.
 */
const TTL_MS = 30_000;

/** The systems, in the order in which they are shown. */
export const SYSTEMS = ['ours', 'direct'] as const;
export type System = (typeof SYSTEMS)[number];

/** A caller's side of `system` at `url`; `isOverSocket` is about ours. */
export function serviceOf(
  system: System,
  url: string,
  { token, isOverSocket = false }: { readonly token: string; readonly isOverSocket?: boolean },
): MeteringService {
  if (system === 'direct') return directService(url);
  return bursarService(isOverSocket ? url.replace(/^http/, 'ws') : url, token);
}

/** Bursar at `url`, by its SDK as it is shipped, with its batches, repeats and time limits. */
function bursarService(url: string, token: string): MeteringService {
  const bursar = connect({ url, token });
  return {
    async reserve(call) {
      const answer = await bursar.meter.reserve({
        reservation: idOf(call.index),
        user: userOf(call.user),
        model: MODEL,
        estimate: { inputTokens: call.inputTokens, outputTokensMax: call.outputTokensMax },
        ttlMs: call.end === 'vanished' ? VANISHING_TTL_MS : TTL_MS,
      });
      const { mode } = answer.mode;
      if (answer.decision === 'allowed') return { allowed: true, mode };
      return { allowed: false, mode, reason: answer.reason };
    },
    async settle(call) {
      const { costUsd } = await bursar.meter.settle({
        reservation: idOf(call.index),
        usage: { inputTokens: call.inputTokens, outputTokens: usedOutput(call) },
        call: { user: userOf(call.user), model: MODEL },
      });
      return parseUsd(costUsd);
    },
    async release(call) {
      await bursar.meter.release({ reservation: idOf(call.index) });
    },
    repeats: true,
    close: async () => void (await bursar.close()),
  };
}

/**
 * A row a user: looked at before the call, added to after it. Nothing is held, so a release has nothing to do, and
 * nothing tells a repeat from another call, so what failed is not repeated. Batches and time limits are those of our SDK.
 */
function directService(url: string): MeteringService {
  const calls = new BatchedCalls(`${url}/trpc`, {
    ...requestsTo({ url, token: '' }),
    waitMsMax: REQUEST_MS_MAX,
  });
  const ask = async (path: string, input: object): Promise<DirectAnswer> => {
    const answer = await calls.call('POST', path, input);
    if ('error' in answer) throw new Error(answer.error.message);
    return answer.result.data as DirectAnswer;
  };
  return {
    async reserve(call) {
      const { allowed } = await ask('check', { user: call.user, amount: holdOf(call) });
      const mode = 'direct';
      return allowed ? { allowed, mode } : { allowed, mode, reason: 'budget_exhausted' };
    },
    async settle(call) {
      const amount = costOf(call);
      await ask('record', { user: call.user, amount });
      return amount;
    },
    release: async () => {},
    repeats: false,
    close: async () => calls.close(),
  };
}
