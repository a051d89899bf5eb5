/**
 * Sessions of the realtime API that only write down what they hear. Each piece of sound that is committed is a turn, of
 * the model that writes it down; so room for one is kept before sound is sent, whoever commits it.
 */
import { BursarError, type Usage, usageFromOpenAi } from '@bursar/core';
import { type JsonObject, stringOf } from '../http/json-fields.ts';
import { NO_TEXT, type StreamedText, streamedTokens, withDelta } from '../http/text-tokens.ts';
import type { WorkCost } from '../metered-work.ts';
import { TRANSCRIPT_TOKENS_MAX } from '../openai/transcript.ts';
import { bytesOfBase64, lengthOfSound, lengthOfText } from './conversation.ts';
import type { PlannedTurn, Protocol, SendRule, TurnEvent, TurnReading } from './protocol.ts';
import {
  PADDING_SECONDS,
  type SessionSettings,
  settingsWith,
  USUAL_SETTINGS,
} from './session-settings.ts';

/** Events that nothing is written down for. */
const FREE = new Set([
  'session.update',
  'conversation.item.delete',
  'conversation.item.retrieve',
  'input_audio_buffer.clear',
  'input_audio_buffer.commit',
]);
const COMMITTED = 'input_audio_buffer.committed';
const TRANSCRIPTION = 'conversation.item.input_audio_transcription.';

export class TranscriptionProtocol implements Protocol {
  readonly mayAnswerUnasked = true;
  readonly failsWithError = false;
  readonly waitsForReconnecting = false;
  /** Whose price applies, whatever the session says. */
  readonly #model: string | undefined;
  #settings: SessionSettings = USUAL_SETTINGS;
  /** Bytes of the session's settings, of which a model may be shown a prompt. */
  #shownBytes = 0;
  #heardBytes = 0;
  #isHearing = false;
  /** Milliseconds of sound that were committed last. */
  #committedMs = 0;
  #errors = 0;

  constructor(model: string | undefined) {
    this.#model = model;
  }

  get soundBytesPerSecond(): number {
    return this.#settings.inputBytesPerSecond;
  }

  ruleFor(event: JsonObject): SendRule {
    const type = stringOf(event['type']);
    if (type === 'input_audio_buffer.append') return { kind: 'sound', bytes: bytesIn(event) };
    if (FREE.has(type)) return { kind: 'free' };
    return { kind: 'refused', reason: 'Bursar does not know what it costs' };
  }

  prepared(event: JsonObject): JsonObject {
    return event;
  }

  sent(event: JsonObject): void {
    switch (event['type']) {
      case 'session.update':
        this.#settings = settingsWith(this.#settings, event['session']);
        this.#shownBytes = lengthOfText(JSON.stringify(event)).bound;
        return;
      case 'input_audio_buffer.append':
        this.#heardBytes += bytesIn(event);
        return;
      case 'input_audio_buffer.clear':
        this.#heardBytes = 0;
    }
  }

  received(event: JsonObject): void {
    switch (event['type']) {
      case 'session.created':
      case 'session.updated':
        this.#settings = settingsWith(this.#settings, event['session']);
        return;
      case 'input_audio_buffer.speech_started':
        this.#isHearing = true;
        this.#heardBytes = Math.min(this.#heardBytes, PADDING_SECONDS * this.soundBytesPerSecond);
        return;
      case COMMITTED:
        this.#isHearing = false;
        this.#committedMs = this.#milliseconds(this.#heardBytes);
        this.#heardBytes = 0;
    }
  }

  turnEvent(event: JsonObject): TurnEvent {
    const type = stringOf(event['type']);
    if (type === COMMITTED) return 'begins';
    if (!type.startsWith(TRANSCRIPTION)) return undefined;
    return /\.(completed|failed)$/.test(type) ? 'ends' : 'goes on';
  }

  laneOf(): string {
    return '';
  }

  keyOf(event: JsonObject): string {
    return stringOf(event['item_id']);
  }

  causeOf(): { readonly eventId: undefined; readonly lane: string } {
    return { eventId: undefined, lane: '' };
  }

  unasked(soundBytes: number): PlannedTurn {
    const bytes = this.#heardBytes + soundBytes;
    const { bound } = lengthOfSound(bytes, this.soundBytesPerSecond);
    return {
      model: this.#modelOrThrow(),
      inputTokens: this.#shownBytes + bound,
      outputTokensMax: TRANSCRIPT_TOKENS_MAX,
      audio: true,
      serviceTier: undefined,
      otherUnits: { audioInputMilliseconds: this.#milliseconds(bytes) },
      lane: '',
      reading: new TranscriptReading(() => this.#committedMs),
    };
  }

  /** Where the caller says what is to be written down, silence is as well. */
  forgetSilence(): void {
    if (!this.#isHearing && this.#settings.answersSpeech) this.#heardBytes = 0;
  }

  cancelling(): undefined {
    return undefined;
  }

  sideCall(): undefined {
    return undefined;
  }

  errorEvent(error: JsonObject, _status: number, about: JsonObject | undefined): JsonObject {
    this.#errors += 1;
    const told = { ...error, event_id: about?.['event_id'] ?? null };
    return { type: 'error', event_id: `bursar_${this.#errors}`, error: told };
  }

  #milliseconds(bytes: number): number {
    return Math.ceil((bytes * 1_000) / this.soundBytesPerSecond);
  }

  #modelOrThrow(): string {
    const model = this.#model ?? this.#settings.transcribedBy;
    if (model !== undefined) return model;
    throw new BursarError('input_invalid', {
      field: 'model',
      message: 'model is not known before session.update has named the one that transcribes',
    });
  }
}

class TranscriptReading implements TurnReading {
  readonly #committedMs: () => number;
  #soundMs = 0;
  #text: StreamedText = NO_TEXT;

  constructor(committedMs: () => number) {
    this.#committedMs = committedMs;
  }

  get outputTokens(): number {
    return streamedTokens(this.#text);
  }

  read(event: JsonObject): void {
    if (event['type'] === COMMITTED) this.#soundMs = this.#committedMs();
    this.#text = withDelta(this.#text, stringOf(event['delta']));
  }

  costAtEnd(event: JsonObject): WorkCost | undefined {
    if (stringOf(event['type']).endsWith('.failed')) return undefined;
    const usage = usageFromOpenAi(event['usage']);
    if (usage === undefined) return this.costUnheard();
    const { audioInputMilliseconds = this.#soundMs } = usage;
    return { usage, otherUnits: { audioInputMilliseconds }, basis: 'reported' };
  }

  costUnheard(): WorkCost {
    const usage: Usage = {
      audioInputTokens: Math.ceil(this.#soundMs / 100),
      outputTokens: this.outputTokens,
    };
    const otherUnits = { audioInputMilliseconds: this.#soundMs };
    return { usage, otherUnits, basis: 'estimated' };
  }
}

function bytesIn(event: JsonObject): number {
  return bytesOfBase64(stringOf(event['audio']).length);
}
