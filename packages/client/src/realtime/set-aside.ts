/** Setting aside what an answer may cost, until it ends. */
import type { WorkToMeter } from '../metered-work.ts';
import type { ConnectionParts } from './connection-parts.ts';
import type { ConnectionOptions } from './connection-options.ts';
import type { PlannedTurn } from './protocol.ts';
import type { Turn } from './turn.ts';

/** Resolves once money is set aside for `turn`, or with why it is not. Never rejects. */
export function setAside(
  turn: Turn,
  { meter, options }: Pick<ConnectionParts, 'meter' | 'options'>,
): Promise<unknown> {
  return new Promise((resolve) => {
    const work = meter(callOf(turn.planned, options), (running) => {
      turn.attach(running);
      resolve(undefined);
      return turn.ended;
    });
    // Once it is set aside, nothing but a release can be thrown, which nobody waits for.
    work.catch(resolve);
  });
}

function callOf(
  { model, inputTokens, outputTokensMax, audio, serviceTier, otherUnits }: PlannedTurn,
  { unmeteredRoutes: _routes, ...options }: ConnectionOptions,
): WorkToMeter {
  return {
    ...options,
    model,
    inputTokens,
    audio,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(otherUnits === undefined ? {} : { otherUnits }),
  };
}
