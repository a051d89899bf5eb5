/** What a realtime answer has told so far: text, sound and calls as they come, and at last what it used. */
import { type Usage, usageFromOpenAi } from '@bursar/core';
import { fieldOf, type JsonObject, stringOf } from '../http/json-fields.ts';
import { NO_TEXT, type StreamedText, streamedTokens, withDelta } from '../http/text-tokens.ts';
import type { WorkCost } from '../metered-work.ts';
import {
  bytesOfBase64,
  type Conversation,
  type Length,
  lengthReported,
  SPOKEN_TOKENS_PER_SECOND,
} from './conversation.ts';
import type { TurnReading } from './protocol.ts';

/** Sound that comes out, under its present name and the one before. */
const SOUND_DELTAS = new Set(['response.output_audio.delta', 'response.audio.delta']);

/** What an answer is counted by. */
export interface ReadingParts {
  readonly conversation: Conversation;
  /** What it has as its input. */
  readonly input: Length;
  readonly outputBytesPerSecond: number;
  /** Whether the provider begins it by itself, at a time of its own. */
  readonly isUnasked: boolean;
}

export class RealtimeReading implements TurnReading {
  readonly #parts: ReadingParts;
  /** How much had been added to the conversation of what it has as its input. */
  #mark: Length;
  #text: StreamedText = NO_TEXT;
  #soundBytes = 0;
  #hasBegun = false;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
    this.#mark = parts.conversation.mark;
  }

  get outputTokens(): number {
    return streamedTokens(this.#text) + this.#soundTokens;
  }

  get #soundTokens(): number {
    return Math.ceil(
      (this.#soundBytes * SPOKEN_TOKENS_PER_SECOND) / this.#parts.outputBytesPerSecond,
    );
  }

  read(event: JsonObject): void {
    this.#hasBegun = true;
    const type = stringOf(event['type']);
    const delta = stringOf(event['delta']);
    if (type === 'response.created' && this.#parts.isUnasked) {
      this.#mark = this.#parts.conversation.mark;
    }
    if (SOUND_DELTAS.has(type)) this.#soundBytes += bytesOfBase64(delta.length);
    else if (type.endsWith('.delta')) this.#text = withDelta(this.#text, delta);
  }

  costAtEnd(event: JsonObject): WorkCost | undefined {
    const response = event['response'];
    const usage = usageFromOpenAi(fieldOf(response, 'usage'));
    if (usage !== undefined) {
      const isApart = fieldOf(response, 'conversation_id') === null;
      if (!isApart) this.#parts.conversation.report(lengthReported(usage), this.#mark);
      return { usage, basis: 'reported' };
    }
    // An answer that failed before it had said anything is not charged.
    const hasFailed = fieldOf(response, 'status') === 'failed';
    return hasFailed && this.outputTokens === 0 ? undefined : this.costUnheard();
  }

  costUnheard(): WorkCost {
    const usage: Usage = {
      inputTokens: this.#parts.input.text,
      audioInputTokens: this.#parts.input.sound,
      outputTokens: streamedTokens(this.#text),
      audioOutputTokens: this.#soundTokens,
    };
    return { usage, basis: this.#hasBegun ? 'counted' : 'estimated' };
  }
}
