/** The messages that a metered call sends to a server of ours, and the sum of what the server says they cost. */
import type { ReserveInput, ReserveOutput, SettleInput, SettleOutput } from '@bursar/api';
import { parseUsd } from '@bursar/core';

/** Some call to a model by a user. */
export interface MeteredCall {
  readonly reservation: string;
  readonly user: string;
}

const MODEL = 'gpt-5-mini';
const ESTIMATE = { inputTokens: 1_000, outputTokensMax: 500 };
const USAGE = { inputTokens: 800, outputTokens: 200 };

/** The calls of one run, which its books are held against. */
export class MeteredCalls {
  readonly #users: number;
  #number = 0;
  #costNanoUsd = 0n;

  constructor(users: number) {
    this.#users = users;
  }

  /** What was settled, as the answers said it. */
  get costNanoUsd(): bigint {
    return this.#costNanoUsd;
  }

  /** The next call, of the next user. */
  next(): MeteredCall {
    this.#number += 1;
    const digits = this.#number.toString(16).padStart(12, '0');
    return {
      reservation: `019a0000-0000-7000-8000-${digits}`,
      user: `user-${this.#number % this.#users}`,
    };
  }

  reserve({ reservation, user }: MeteredCall): ReserveInput {
    return { reservation, user, model: MODEL, estimate: ESTIMATE };
  }

  settle({ reservation, user }: MeteredCall): SettleInput {
    return { reservation, usage: USAGE, call: { user, model: MODEL } };
  }

  /** Throws unless the call may be made. */
  reserved(answer: ReserveOutput): void {
    if (answer.decision !== 'allowed') throw new Error('a call was refused');
  }

  /** Counts what the call cost. */
  settled(answer: SettleOutput): void {
    this.#costNanoUsd += BigInt(parseUsd(answer.costUsd));
  }
}
