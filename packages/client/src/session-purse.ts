/**
 * One purse for many calls: an amount that is set aside once, out of which the work of a session is paid without asking the
 * server each time.
 *
 * To the server it is one call that runs until the purse is closed, and is settled by what its work has cost. So all that
 * holds for calls holds for it: heartbeats, and the whole amount as its cost if this process dies.
 */
import { formatUsd, parseUsd } from '@bursar/core';
import { checkInteger } from './check-integer.ts';
import type { MeterWork, WorkToMeter } from './metered-work.ts';
import type { Runtime } from './runtime.ts';
import type { PurseCall, PurseOptions, PurseWork, SessionPurse } from './session.ts';

const IDLE_MS = 60_000;
const IDLE_MS_MAX = 3_600_000;
/** As for every call. */
const CALL_MS_MAX = 600_000;

/** Sets the amount aside. Rejects with what `meter` throws: `CallRefused` when there is no room for it. */
export async function openPurse(
  meter: MeterWork,
  { idleMs = IDLE_MS, ...call }: PurseOptions,
  { runtime, purses }: { readonly runtime: Runtime; readonly purses: Set<SessionPurse> },
): Promise<SessionPurse> {
  checkInteger('idleMs', idleMs, 1, IDLE_MS_MAX);
  return await new Promise<SessionPurse>((resolve, reject) => {
    const booked: Promise<void> = meter(
      call,
      (running) =>
        new Promise((settle) => {
          const { reservation } = running;
          const purse = new Purse(meter, call, {
            reservation,
            idleMs,
            runtime,
            booked: () => booked,
            spent: (costUsd) => running.spentSoFar({ costUsd }),
            settle: (costUsd) => settle({ value: undefined, costUsd }),
          });
          purses.add(purse);
          void booked.finally(() => purses.delete(purse)).catch(() => {});
          resolve(purse);
        }),
    );
    booked.catch(reject);
  });
}

/** What a purse does to the call that it is. */
interface Parts {
  readonly reservation: string;
  readonly idleMs: number;
  readonly runtime: Runtime;
  readonly booked: () => Promise<void>;
  readonly spent: (costUsd: string) => void;
  readonly settle: (costUsd: string) => void;
}

class Purse implements SessionPurse {
  /** For what does not fit: a call of its own. */
  readonly #meter: MeterWork;
  readonly #call: WorkToMeter & { readonly amountUsd: string };
  readonly #parts: Parts;
  #spent = 0n;
  /** Bounds of the work that runs. */
  #running = 0n;
  #works = 0;
  #isClosed = false;
  #cancelIdle = (): void => {};

  constructor(meter: MeterWork, call: WorkToMeter & { readonly amountUsd: string }, parts: Parts) {
    this.#meter = meter;
    this.#call = call;
    this.#parts = parts;
    this.#waitIdle();
    parts.runtime.after(call.callMsMax ?? CALL_MS_MAX, () => void this.close());
  }

  get reservation(): string {
    return this.#parts.reservation;
  }

  get remainingUsd(): string {
    const left = this.#isClosed ? 0n : this.#left;
    return formatUsd(left > 0n ? left : 0n);
  }

  async meter<Value>(call: PurseCall, work: PurseWork<Value>): Promise<Value> {
    const bound = BigInt(parseUsd(call.amountUsd, 'amountUsd'));
    if (this.#isClosed || bound > this.#left) {
      return await this.#meter({ ...this.#call, ...call }, (running) =>
        work({
          reservation: running.reservation,
          spentSoFar: (costUsd) => running.spentSoFar({ costUsd }),
        }),
      );
    }
    let spent = 0n;
    this.#begin(bound);
    try {
      const { value, costUsd } = await work({
        reservation: this.reservation,
        spentSoFar: (costUsd) => {
          spent = BigInt(parseUsd(costUsd, 'costUsd'));
        },
      });
      spent = BigInt(parseUsd(costUsd, 'costUsd'));
      return value;
    } finally {
      this.#end(bound, spent);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelIdle();
    if (this.#works === 0) this.#parts.settle(formatUsd(this.#spent));
    return this.#parts.booked();
  }

  get #left(): bigint {
    return BigInt(parseUsd(this.#call.amountUsd)) - this.#spent - this.#running;
  }

  #begin(bound: bigint): void {
    this.#cancelIdle();
    this.#running += bound;
    this.#works += 1;
  }

  #end(bound: bigint, spent: bigint): void {
    this.#running -= bound;
    this.#works -= 1;
    this.#spent += spent;
    // What is settled if something else goes wrong.
    this.#parts.spent(formatUsd(this.#spent));
    if (this.#works > 0) return;
    if (this.#isClosed) void this.close();
    else this.#waitIdle();
  }

  #waitIdle(): void {
    // A process that ended before would leave the whole amount charged.
    const { runtime, idleMs } = this.#parts;
    this.#cancelIdle = runtime.after(idleMs, () => void this.close(), true);
  }
}
