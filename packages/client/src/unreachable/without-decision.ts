/** What becomes of a call that nobody has decided: it is refused, or made unreserved. Loaded by whoever has one. */
import type { ReserveOutput } from '@bursar/api';
import { BursarError, isBursarError } from '@bursar/core';
import { type CallIdentity, tell } from '../call-hooks.ts';
import type { CallTerms } from '../call-terms.ts';
import { MeteredCall } from '../metered-call.ts';
import type { MeteringContext } from '../metering-context.ts';
import type { MeterApi } from '../meter-api.ts';
import type { CallSpan } from '../telemetry/call-span.ts';
import type { Metering } from '../wrap-options.ts';
import { isUnheard } from './unheard.ts';

/** A call that was asked for. */
export interface UndecidedCall {
  readonly identity: CallIdentity;
  readonly terms: CallTerms;
  /** What was asked last, which may be answered yet. */
  readonly asking: Promise<ReserveOutput> | undefined;
  readonly metering: Metering;
  readonly context: MeteringContext;
  readonly meter: MeterApi;
  readonly span: CallSpan;
}

/** The call, unreserved, if `error` says that nobody was heard and options allow it. Otherwise throws why not. */
export async function withoutDecision(error: unknown, call: UndecidedCall): Promise<MeteredCall> {
  const { identity, terms, metering, context, span } = call;
  const giveBack = (): void => giveBackLate(error, call);
  const { unreserved } = context.commits;
  try {
    if (!isUnheard(error)) throw error;
    // Nobody here would see the end of what goes on for hours.
    const mayBeMade = metering.whenUnreachable === 'allow' && terms.isJob !== true;
    if (!mayBeMade || unreserved === undefined) throw notMade(error);
    const worst = await unreserved.letThrough(identity, terms, metering);
    span.unreserved();
    tell(metering.onUnreserved, identity, error);
    return new MeteredCall(identity, terms, undefined, { ...call, ended() {}, worst, giveBack });
  } catch (refusal) {
    span.failed(refusal);
    giveBack();
    throw refusal;
  }
}

/** Gives back what may be set aside although nobody knows, and nobody will use. */
function giveBackLate(error: unknown, { identity, asking, context }: UndecidedCall): void {
  if (!isBursarError(error) || error.code !== 'store_timeout') return;
  const { reservation } = identity;
  const answered = Promise.resolve(asking).catch(() => {});
  context.unfinished.add(answered.then(() => context.commits.release({ reservation })));
}

function notMade(cause: BursarError): BursarError {
  const { message, retryAfterMs } = cause;
  return new BursarError('server_unreachable', {
    message: `The call was not made, because Bursar could not be asked: ${message}`,
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
