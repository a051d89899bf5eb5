/**
 * A call that another process has made, whose end is seen here: settled by the reservation that the provider's answer
 * names. Where the answer names none, or has not ended, nothing happens.
 *
 * Settling twice does no harm, because the reservation's id makes it count once: whoever comes second is answered with
 * what the first has booked.
 */
import { isBursarError } from '@bursar/core';
import { tell } from '../call-hooks.ts';
import { acknowledged } from '../metered-call.ts';
import { settlementOf } from '../call-messages.ts';
import type { Spent } from '../call-terms.ts';
import type { MeteringContext } from '../metering-context.ts';
import { retryingMeter } from '../retrying-meter.ts';
import type { Metering } from '../wrap-options.ts';
import type { HttpRequest } from './http-request.ts';
import type { SeenJobs } from './provider-api.ts';
import type { AnsweredCall } from './provider-call.ts';

export class CallOfOthers implements AnsweredCall {
  readonly reservation = '';
  /** With whose key it was made, nobody here knows; the provider only shows it to whom it belongs. */
  readonly paidBy = undefined;
  readonly #metering: Metering;
  readonly #context: MeteringContext;
  #end: Promise<void> | undefined;

  constructor(metering: Metering, context: MeteringContext) {
    this.#metering = metering;
    this.#context = context;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  dispatch(): void {}

  cover(): undefined {}

  noteUnits(): void {}

  goOnInBackground(): void {}

  release(): Promise<void> {
    return Promise.resolve();
  }

  settle(spent: Spent): Promise<void> {
    const { reservation, model = '' } = spent;
    if (reservation === undefined) return Promise.resolve();
    if (this.#end !== undefined) return this.#end;
    const { meter, runtime, unfinished, background } = this.#context;
    if (background.isOver(reservation)) return Promise.resolve();
    const ended = retryingMeter(meter, runtime)
      .settle({ reservation, ...settlementOf(spent) })
      .then(
        () => background.noteOver(reservation),
        (error: unknown) => {
          // By other numbers: whoever was first has counted where now is a report, or the other way round.
          const isOver = isBursarError(error) && error.code === 'reservation_already_settled';
          if (isOver) return background.noteOver(reservation);
          this.#end = undefined;
          const identity = { reservation, user: this.#metering.user, model, waitedMs: 0 };
          tell(this.#metering.onSettleFailed, identity, error);
        },
      );
    unfinished.add(ended);
    this.#end = acknowledged(ended, runtime);
    return this.#end;
  }
}

/** What is done with jobs that are seen in an answer to `http`, which `send` has sent. */
export function seenJobs(
  http: HttpRequest,
  send: typeof fetch,
  metering: Metering,
  context: MeteringContext,
): SeenJobs {
  const { unfinished, background } = context;
  return {
    http,
    send,
    unfinished,
    isOver: (reservation) => background.isOver(reservation),
    isOwn: (id) => background.find(id) !== undefined,
    settle: async (id, spent) => {
      const own = background.find(id)?.call;
      await (own ?? new CallOfOthers(metering, context)).settle(spent);
      if (own !== undefined) background.noteOver(own.reservation);
    },
  };
}
