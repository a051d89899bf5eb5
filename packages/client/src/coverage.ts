/**
 * How many output tokens are set aside for a running call, and how that grows with its output.
 *
 * Grows in steps, each asked for when the output has passed what is covered. A refused step is asked for
 * again as small as it fits; then the refusal is final. That Bursar cannot be heard is no refusal: the call
 * runs already, and what it costs beyond its coverage is booked as overage.
 */
import type { Denied } from '@bursar/api';

/** Bounds of one step, in output tokens: not one for each sentence, not a whole book at once. */
const STEP_TOKENS_MIN = 256;
const STEP_TOKENS_MAX = 4_096;

/** What is covered at first, and how more is asked for. */
export interface CoverageOptions {
  /** Output tokens set aside; `undefined` when that is the model's maximum, which nothing can pass. */
  readonly tokens: number | undefined;
  /** Sets aside `tokens` in total, or says why not. */
  readonly extendTo: (tokens: number) => Promise<Denied | undefined>;
  /** Told when `extendTo` failed. */
  readonly onError: (error: unknown) => void;
}

/** The coverage of one call. */
export class Coverage {
  readonly #options: CoverageOptions;
  readonly #stepTokens: number;
  #tokens: number;
  #step: Promise<Denied | undefined> | undefined;
  #refusal: Denied | undefined;

  constructor(options: CoverageOptions) {
    this.#options = options;
    this.#tokens = options.tokens ?? Number.POSITIVE_INFINITY;
    this.#stepTokens = Math.min(Math.max(options.tokens ?? 0, STEP_TOKENS_MIN), STEP_TOKENS_MAX);
  }

  /**
   * `undefined` when `outputTokens` so far are covered. Otherwise resolves once they are, or with the
   * refusal when they cannot be. Never rejects.
   */
  cover(outputTokens: number): undefined | Promise<Denied | undefined> {
    if (outputTokens <= this.#tokens) return undefined;
    if (this.#refusal !== undefined) return Promise.resolve(this.#refusal);
    this.#step ??= this.#grow(outputTokens).finally(() => {
      this.#step = undefined;
    });
    return this.#step;
  }

  async #grow(outputTokens: number): Promise<Denied | undefined> {
    try {
      const refused = await this.#growTo(outputTokens + this.#stepTokens);
      const fitting = refused?.outputTokensThatFit ?? 0;
      this.#refusal = fitting >= outputTokens ? await this.#growTo(fitting) : refused;
    } catch (error) {
      this.#options.onError(error);
      // Asked again a step later, not with every token.
      this.#tokens = outputTokens + this.#stepTokens;
    }
    return this.#refusal;
  }

  async #growTo(tokens: number): Promise<Denied | undefined> {
    const refused = await this.#options.extendTo(tokens);
    if (refused === undefined) this.#tokens = tokens;
    return refused;
  }
}
