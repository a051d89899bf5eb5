/**
 * The circuit to the server: after some failures in a row to hear it, what somebody would wait for fails at once, for
 * a short while; then one request is let through to find out, and its answer closes the circuit.
 *
 * Only silence counts (`unheard.ts`), and failures of requests that were under way together count as one, so that a
 * broken connection with fifty calls on it is no outage. States: closed, open, half open. No clock: a timer ends
 * the pause.
 */
import { BursarError } from '@bursar/core';
import { checkInteger } from '../check-integer.ts';
import type { MeterApi } from '../meter-api.ts';
import type { Runtime } from '../runtime.ts';
import { asUnheard, isUnheard } from './unheard.ts';

/** When calls are not even tried. */
export interface CircuitOptions {
  /** Failures in a row, one after the other, that open the circuit; 5 by default. */
  readonly failuresMax?: number;
  /** How long nothing is tried then, in milliseconds; 2,000 by default. */
  readonly openMs?: number;
}

/** One for each connection. */
export class Circuit {
  readonly #failuresMax: number;
  readonly #openMs: number;
  readonly #runtime: Pick<Runtime, 'after'>;
  readonly #onClosed: (() => void)[] = [];
  #failures = 0;
  #state: 'closed' | 'open' | 'half open' = 'closed';
  #isProbing = false;
  #endPause = (): void => {};

  /** Throws `input_invalid`, naming the option. */
  constructor(
    { failuresMax = 5, openMs = 2_000 }: CircuitOptions,
    runtime: Pick<Runtime, 'after'>,
  ) {
    checkInteger('circuit.failuresMax', failuresMax, 1, 1_000);
    checkInteger('circuit.openMs', openMs, 1, 600_000);
    this.#failuresMax = failuresMax;
    this.#openMs = openMs;
    this.#runtime = runtime;
  }

  /** Whether the server has not been heard since the circuit opened. */
  get isOpen(): boolean {
    return this.#state !== 'closed';
  }

  /** Calls `listener` whenever the server is heard again. */
  onClosed(listener: () => void): void {
    this.#onClosed.push(listener);
  }

  /** What `send` resolves to. Throws `server_unreachable` at once while the circuit is open. */
  async run<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    if (this.#state === 'closed') return await this.note(send);
    if (this.#state === 'open' || this.#isProbing) throw notTried(this.#openMs);
    this.#isProbing = true;
    try {
      return await this.note(send);
    } finally {
      this.#isProbing = false;
    }
  }

  /** What `send` resolves to, whatever the state: for what has to be tried. */
  async note<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    const failuresBefore = this.#failures;
    try {
      const answer = await send();
      this.#heard();
      return answer;
    } catch (error) {
      if (!isUnheard(error)) this.#heard();
      else if (this.#failures === failuresBefore) this.#failed();
      throw error;
    }
  }

  #heard(): void {
    this.#failures = 0;
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#endPause();
    for (const listener of this.#onClosed) listener();
  }

  #failed(): void {
    this.#failures += 1;
    if (this.#state === 'open' || this.#failures < this.#failuresMax) return;
    this.#state = 'open';
    this.#endPause = this.#runtime.after(this.#openMs, () => {
      this.#state = 'half open';
    });
  }
}

/**
 * `meter` behind `circuit`. The ends of calls are always tried: a caller does not wait for them for long, and without
 * a journal nothing else would book them.
 */
export function meterBehind(circuit: Circuit, meter: MeterApi): MeterApi {
  return {
    reserve: (input) => circuit.run(() => meter.reserve(input)),
    extend: (input) => circuit.run(() => meter.extend(input)),
    settle: (input) => circuit.note(() => meter.settle(input)),
    release: (input) => circuit.note(() => meter.release(input)),
  };
}

function notTried(retryAfterMs: number): BursarError {
  return asUnheard(
    new BursarError('server_unreachable', {
      message: 'Bursar has not been heard lately, and is asked again in a moment.',
      retryAfterMs,
    }),
  );
}
