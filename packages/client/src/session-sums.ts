/** The sum of the calls of one session. */
import type { ReserveOutput, SettleOutput } from '@bursar/api';
import { addUsage, formatUsd, parseUsd, type Usage } from '@bursar/core';
import type { SessionSummary } from './session.ts';

export class SessionSums {
  readonly #session: string;
  #calls = 0;
  #denied = 0;
  #settled = 0;
  #cost = 0n;
  #usage: Usage = {};

  constructor(session: string) {
    this.#session = session;
  }

  decided({ decision }: ReserveOutput): void {
    if (decision === 'allowed') this.letThrough();
    else this.#denied += 1;
  }

  letThrough(): void {
    this.#calls += 1;
  }

  settled({ costUsd, usage }: SettleOutput & { readonly usage: Usage }): void {
    this.#settled += 1;
    this.#cost += BigInt(parseUsd(costUsd));
    this.#usage = addUsage(this.#usage, usage);
  }

  summary(): SessionSummary {
    return {
      session: this.#session,
      calls: this.#calls,
      denied: this.#denied,
      settled: this.#settled,
      costUsd: formatUsd(this.#cost),
      usage: this.#usage,
    };
  }
}
