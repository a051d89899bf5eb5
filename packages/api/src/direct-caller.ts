/**
 * Calls procedures in this process without tRPC: the same parsing, checks and errors, and none of what a network needs.
 * Errors are `BursarError`s themselves.
 */
import { type BursarError, isBursarError } from '@bursar/core';
import type { z } from 'zod';
import { fromZod, toBursarError } from './error-formatter.ts';
import { callerWith, type RequestContext } from './procedure.ts';
import { LIVE } from './procedures/usage.ts';
import { type Caller, directProcedures } from './router.ts';
import type { BudgetView } from './schemas/budget-view.ts';
import type { LiveUsage } from './service.ts';

/** What a caller in this process may choose. */
export interface DirectOptions {
  /** Ends live iterations of the caller. */
  readonly signal?: AbortSignal;
  /** Told of each failure; what it answers is what the caller gets. By default the same in Bursar's words. */
  readonly note?: (error: unknown, path: string) => BursarError;
}

/** For iterations that nothing ends but their reader. */
const NEVER = new AbortController().signal;

/** A caller on behalf of `context.principal`. */
export function directCaller(
  context: RequestContext,
  { signal = NEVER, note = toBursarError }: DirectOptions = {},
): Caller {
  const noted =
    <Answer>(path: string, call: (input: unknown) => Promise<Answer>) =>
    async (input: unknown): Promise<Answer> => {
      try {
        return await call(input);
      } catch (error) {
        throw note(error, path);
      }
    };

  async function* noteStates(states: AsyncIterable<LiveUsage>): AsyncGenerator<LiveState> {
    try {
      for await (const { id, budget } of states) yield { id, data: budget };
    } catch (error) {
      throw note(error, 'usage.live');
    }
  }

  const groups: Record<string, Record<string, (input: unknown) => Promise<unknown>>> = {};
  for (const [path, { call }] of directProcedures) {
    const [group = '', name = ''] = path.split('.');
    (groups[group] ??= {})[name] = noted(path, (input) => call(context, input));
  }
  const live = noted('usage.live', async (input) => noteStates(statesFor(context, input, signal)));
  // That all of them are there, and do what tRPC's do, is tested procedure by procedure.
  return { ...groups, usage: { ...groups['usage'], live } } as unknown as Caller;
}

/** A state as clients get it over the network. */
interface LiveState {
  readonly id: string;
  readonly data: BudgetView;
}

/** The states that `message` asks for. Throws `BursarError` for a caller or a message that is not good. */
function statesFor(
  { service, principal }: RequestContext,
  message: unknown,
  signal: AbortSignal,
): AsyncIterable<LiveUsage> {
  const allowed = callerWith(LIVE.scope, principal);
  if (isBursarError(allowed)) throw allowed;
  const { success, data, error } = LIVE.input.safeParse(message) as z.ZodSafeParseResult<
    z.output<typeof LIVE.input>
  >;
  if (!success) throw fromZod(error);
  return service.liveUsage(allowed, data, signal);
}
