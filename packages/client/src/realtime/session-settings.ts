/**
 * What of a realtime session's settings says what its answers may cost, in the form that the API has had since it is
 * no longer in beta, and in the one before.
 */
import { fieldOf, isObject, type JsonObject, stringOf } from '../http/json-fields.ts';

/** Settings of a session. */
export interface SessionSettings {
  readonly model: string | undefined;
  /** Whether the provider answers by itself (or writes down) what it has heard somebody say. */
  readonly answersSpeech: boolean;
  /** Of one answer; `undefined` for the model's own. */
  readonly outputTokensMax: number | undefined;
  readonly speaks: boolean;
  /** Bytes of sound in a second, as it goes in. */
  readonly inputBytesPerSecond: number;
  readonly outputBytesPerSecond: number;
  /** What is heard is written down by this model, too. */
  readonly transcribedBy: string | undefined;
  /** A session that only writes down what it hears. */
  readonly onlyTranscribes: boolean;
}

/** Sound before somebody begins to speak, which is heard with it: a second, more than the usual 300 ms. */
export const PADDING_SECONDS = 1;

/** 24,000 samples of 16 bits. */
const PCM_BYTES_PER_SECOND = 48_000;
/** 8,000 samples of 8 bits: telephony. */
const G711_BYTES_PER_SECOND = 8_000;

/** Before the provider has said anything: what OpenAI does unless told otherwise. */
export const USUAL_SETTINGS: SessionSettings = {
  model: undefined,
  answersSpeech: true,
  outputTokensMax: undefined,
  speaks: true,
  inputBytesPerSecond: PCM_BYTES_PER_SECOND,
  outputBytesPerSecond: PCM_BYTES_PER_SECOND,
  transcribedBy: undefined,
  onlyTranscribes: false,
};

/** `settings` with what `session` says anew; what it does not mention stays. */
export function settingsWith(settings: SessionSettings, session: unknown): SessionSettings {
  if (!isObject(session)) return settings;
  const input = fieldOf(session['audio'], 'input');
  const detection = firstGiven(fieldOf(input, 'turn_detection'), session['turn_detection']);
  const modalities = firstGiven(session['output_modalities'], session['modalities']);
  const cap = firstGiven(session['max_output_tokens'], session['max_response_output_tokens']);
  const heardAs = firstGiven(fieldOf(input, 'format'), session['input_audio_format']);
  const spokenAs = firstGiven(
    fieldOf(fieldOf(session['audio'], 'output'), 'format'),
    session['output_audio_format'],
  );
  const transcription = firstGiven(
    fieldOf(input, 'transcription'),
    session['input_audio_transcription'],
  );
  return {
    model: stringOf(session['model']) || settings.model,
    answersSpeech: detection === undefined ? settings.answersSpeech : answersIn(detection),
    outputTokensMax: cap === undefined ? settings.outputTokensMax : capOf(cap),
    speaks: Array.isArray(modalities) ? modalities.includes('audio') : settings.speaks,
    inputBytesPerSecond: heardAs === undefined ? settings.inputBytesPerSecond : rateOf(heardAs),
    outputBytesPerSecond: spokenAs === undefined ? settings.outputBytesPerSecond : rateOf(spokenAs),
    transcribedBy:
      transcription === undefined
        ? settings.transcribedBy
        : stringOf(fieldOf(transcription, 'model')) || undefined,
    onlyTranscribes:
      session['type'] === undefined
        ? settings.onlyTranscribes
        : session['type'] === 'transcription',
  };
}

/** `settings` for one answer, which `response.create` may set apart. */
export function settingsOfResponse(settings: SessionSettings, event: JsonObject): SessionSettings {
  const response = event['response'];
  if (!isObject(response)) return settings;
  const { model: _model, type: _type, ...own } = response;
  return settingsWith(settings, own);
}

/** `max_output_tokens`: a count, or `inf`. */
function capOf(cap: unknown): number | undefined {
  return typeof cap === 'number' && Number.isSafeInteger(cap) && cap > 0 ? cap : undefined;
}

function answersIn(detection: unknown): boolean {
  return isObject(detection) && detection['create_response'] !== false;
}

function rateOf(format: unknown): number {
  const name = typeof format === 'string' ? format : stringOf(fieldOf(format, 'type'));
  if (/pcmu|pcma|g711/.test(name)) return G711_BYTES_PER_SECOND;
  const samples = fieldOf(format, 'rate');
  return typeof samples === 'number' && samples > 0 ? samples * 2 : PCM_BYTES_PER_SECOND;
}

/** `null` is a word: none of it. */
function firstGiven(...values: readonly unknown[]): unknown {
  return values.find((value) => value !== undefined);
}
