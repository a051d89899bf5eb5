/**
 * Room for the answer that the provider may begin by itself, because it heard somebody speak: kept before sound is sent,
 * for a minute of it, and given back in silence. Sound that there is no room for is not sent.
 */
import type { ConnectionParts } from './connection-parts.ts';
import { setAside } from './set-aside.ts';
import { Turn } from './turn.ts';

/** Most sound that one reservation covers. */
const SOUND_SECONDS = 60;
/** After a refusal, this much sound is not sent before room is asked for again. */
const SILENCED_SECONDS = 1;
/** How long room is kept while no sound is sent. Longer than providers wait for speech to end. */
const SILENCE_MS_MAX = 30_000;

export class Listening {
  readonly #parts: ConnectionParts;
  #turn: Turn | undefined;
  #silencedBytes = 0;
  #hadSound = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /**
   * What becomes of `bytes` of sound: sent, not sent, or decided: a promise of the refusal, or of nothing. Throws
   * `input_invalid` while the model is not known.
   */
  admit(bytes: number): 'heard' | 'unheard' | Promise<unknown> {
    if (this.#silencedBytes > 0) {
      this.#silencedBytes -= bytes;
      return 'unheard';
    }
    this.#hadSound = true;
    const { protocol } = this.#parts;
    const kept = this.#turn?.planned.inputTokens ?? -1;
    if (protocol.unasked(bytes).inputTokens <= kept) return 'heard';
    this.giveUp();
    protocol.forgetSilence();
    return this.#keep(protocol.unasked(bytes + SOUND_SECONDS * protocol.soundBytesPerSecond));
  }

  /** The answer that room is kept for, which has begun. */
  take(): Turn | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    return turn;
  }

  /** Gives back what is kept. */
  giveUp(): void {
    this.take()?.release();
  }

  async #keep(planned: Turn['planned']): Promise<unknown> {
    const turn = new Turn(planned, undefined);
    const refusal = await setAside(turn, this.#parts);
    if (refusal !== undefined) {
      this.#silencedBytes = SILENCED_SECONDS * this.#parts.protocol.soundBytesPerSecond;
      return refusal;
    }
    this.#turn = turn;
    this.#giveUpInSilence(turn);
    return undefined;
  }

  #giveUpInSilence(turn: Turn): void {
    this.#hadSound = false;
    this.#parts.runtime.after(SILENCE_MS_MAX, () => {
      if (this.#turn !== turn) return;
      if (this.#hadSound) this.#giveUpInSilence(turn);
      else this.giveUp();
    });
  }
}
