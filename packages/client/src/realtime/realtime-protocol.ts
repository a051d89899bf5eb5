/** The realtime API: one conversation, which every answer has as its input, and ears of its own. */
import { BursarError, usageFromOpenAi } from '@bursar/core';
import { arrayOf, fieldOf, isObject, type JsonObject, stringOf } from '../http/json-fields.ts';
import {
  bytesOfBase64,
  Conversation,
  type Length,
  lengthOf,
  lengthOfSound,
  lengthOfText,
  NOTHING,
  plus,
} from './conversation.ts';
import type { PlannedTurn, Protocol, SendRule, SideCall, TurnEvent } from './protocol.ts';
import { RealtimeReading } from './realtime-reading.ts';
import {
  PADDING_SECONDS,
  type SessionSettings,
  settingsOfResponse,
  settingsWith,
  USUAL_SETTINGS,
} from './session-settings.ts';

/** Events that no answer follows. */
const FREE = new Set([
  'session.update',
  'transcription_session.update',
  'conversation.item.create',
  'conversation.item.delete',
  'conversation.item.retrieve',
  'conversation.item.truncate',
  'input_audio_buffer.clear',
  'input_audio_buffer.commit',
  'output_audio_buffer.clear',
  'response.cancel',
]);

export class RealtimeProtocol implements Protocol {
  readonly mayAnswerUnasked = true;
  readonly failsWithError = false;
  // The new connection is a new session, which the caller restores first.
  readonly waitsForReconnecting = false;
  #conversation = new Conversation();
  /** Whose price applies, whatever the session says. */
  readonly #model: string | undefined;
  #settings: SessionSettings = USUAL_SETTINGS;
  /** Sound that is not in the conversation yet. */
  #heardBytes = 0;
  #isHearing = false;
  #eventsNamed = 0;

  constructor(model: string | undefined) {
    this.#model = model;
  }

  get soundBytesPerSecond(): number {
    return this.#settings.inputBytesPerSecond;
  }

  ruleFor(event: JsonObject): SendRule {
    const type = stringOf(event['type']);
    if (type === 'response.create') return { kind: 'turn', turn: this.#askedBy(event) };
    if (type === 'input_audio_buffer.append') {
      if (this.#settings.onlyTranscribes) {
        return {
          kind: 'refused',
          reason: 'a session that only transcribes is metered if it was opened as one',
        };
      }
      if (!this.#settings.answersSpeech) return { kind: 'free' };
      return { kind: 'sound', bytes: bytesIn(event) };
    }
    if (FREE.has(type)) return { kind: 'free' };
    return { kind: 'refused', reason: 'Bursar does not know what it costs' };
  }

  /** With an id, so that an error says what it is about. */
  prepared(event: JsonObject): JsonObject {
    if (stringOf(event['event_id']) !== '') return event;
    this.#eventsNamed += 1;
    return { ...event, event_id: `bursar_${this.#eventsNamed}` };
  }

  sent(event: JsonObject): void {
    switch (event['type']) {
      case 'session.update':
        this.#settings = settingsWith(this.#settings, event['session']);
        this.#conversation.add(lengthOfText(JSON.stringify(event)));
        return;
      case 'conversation.item.create':
        this.#conversation.add(this.#lengthOf(event, ['item']));
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
        this.#conversation = new Conversation();
        this.#heardBytes = 0;
        this.#isHearing = false;
        this.#settings = settingsWith(this.#settings, event['session']);
        this.#conversation.add(lengthOfText(shownOf(event['session'])));
        return;
      case 'session.updated':
        this.#settings = settingsWith(this.#settings, event['session']);
        return;
      case 'input_audio_buffer.speech_started':
        this.#isHearing = true;
        this.#heardBytes = Math.min(
          this.#heardBytes,
          PADDING_SECONDS * this.#settings.inputBytesPerSecond,
        );
        return;
      case 'input_audio_buffer.speech_stopped':
        this.#isHearing = false;
        return;
      case 'input_audio_buffer.committed':
        this.#isHearing = false;
        this.#conversation.add(this.#heard(0));
        this.#heardBytes = 0;
    }
  }

  turnEvent(event: JsonObject): TurnEvent {
    const type = stringOf(event['type']);
    if (type === 'response.created') return 'begins';
    if (type === 'response.done') return 'ends';
    return type.startsWith('response.') ? 'goes on' : undefined;
  }

  laneOf(): string {
    return '';
  }

  keyOf(event: JsonObject): string {
    return stringOf(event['response_id']) || stringOf(fieldOf(event['response'], 'id'));
  }

  causeOf(error: JsonObject): { readonly eventId: string; readonly lane: string } {
    return { eventId: stringOf(fieldOf(error['error'], 'event_id')), lane: '' };
  }

  unasked(soundBytes: number): PlannedTurn {
    const input = plus(this.#conversation.length, this.#heard(soundBytes));
    return this.#planned(input, this.#settings, { isUnasked: true });
  }

  forgetSilence(): void {
    if (!this.#isHearing) this.#heardBytes = 0;
  }

  cancelling(key: string): JsonObject {
    return { type: 'response.cancel', response_id: key };
  }

  /** What is heard is written down by another model, which has a price of its own. */
  sideCall(event: JsonObject): SideCall | undefined {
    if (event['type'] !== 'conversation.item.input_audio_transcription.completed') return undefined;
    const usage = usageFromOpenAi(event['usage']);
    const model = this.#settings.transcribedBy;
    if (usage === undefined || model === undefined) return undefined;
    return { model, cost: { usage, basis: 'reported' } };
  }

  errorEvent(error: JsonObject, _status: number, about: JsonObject | undefined): JsonObject {
    this.#eventsNamed += 1;
    return {
      type: 'error',
      event_id: `bursar_${this.#eventsNamed}`,
      error: { ...error, event_id: about?.['event_id'] ?? null },
    };
  }

  #askedBy(event: JsonObject): PlannedTurn {
    const settings = settingsOfResponse(this.#settings, event);
    const own = this.#lengthOf(event, ['response']);
    const input = fieldOf(event['response'], 'input');
    const isApart =
      Array.isArray(input) &&
      input.every((item) => fieldOf(item, 'type') !== 'item_reference' && isWhole(item));
    const context = isApart ? NOTHING : plus(this.#conversation.length, this.#heard(0));
    return this.#planned(plus(own, context), settings, { isUnasked: false });
  }

  #planned(
    input: Length,
    settings: SessionSettings,
    { isUnasked }: { readonly isUnasked: boolean },
  ): PlannedTurn {
    const reading = new RealtimeReading({
      conversation: this.#conversation,
      input,
      outputBytesPerSecond: settings.outputBytesPerSecond,
      isUnasked,
    });
    return {
      model: this.#modelOrThrow(),
      inputTokens: Math.ceil(input.bound),
      outputTokensMax: settings.outputTokensMax,
      audio: settings.speaks || input.sound > 0,
      serviceTier: undefined,
      lane: '',
      reading,
    };
  }

  #modelOrThrow(): string {
    const model = this.#model ?? this.#settings.model;
    if (model !== undefined) return model;
    throw new BursarError('input_invalid', {
      field: 'model',
      message: 'model is not known before the session has said so: wait for session.created',
    });
  }

  #heard(more: number): Length {
    return lengthOfSound(this.#heardBytes + more, this.#settings.inputBytesPerSecond);
  }

  #lengthOf(event: JsonObject, fields: readonly string[]): Length {
    return lengthOf(event, fields, {
      model: this.#model ?? '',
      bytesPerSecond: this.#settings.inputBytesPerSecond,
    });
  }
}

/** Of what a session is told with its first event, the model is shown this. */
function shownOf(session: unknown): string {
  if (!isObject(session)) return '';
  const { instructions, tools } = session;
  return JSON.stringify([instructions, arrayOf(tools)]);
}

/** Whether an item says all that it is, and does not only name one. */
function isWhole(item: unknown): boolean {
  return isObject(item) && 'type' in item;
}

function bytesIn(event: JsonObject): number {
  return bytesOfBase64(stringOf(event['audio']).length);
}
