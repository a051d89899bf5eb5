/** The settings of a realtime session, as OpenAI has them unless told otherwise. */
import { asObject, type JsonObject } from '../request-fields.ts';

/** A new session of `model`; null for one that only transcribes. */
export function newSession(id: string, model: string | null): JsonObject {
  if (model === null) {
    const input = {
      format: { type: 'audio/pcm', rate: 24_000 },
      transcription: null,
      turn_detection: { type: 'server_vad', threshold: 0.5, silence_duration_ms: 500 },
    };
    return {
      type: 'transcription',
      object: 'realtime.transcription_session',
      id,
      audio: { input },
    };
  }
  return {
    type: 'realtime',
    object: 'realtime.session',
    id,
    model,
    output_modalities: ['audio'],
    instructions: '',
    tools: [],
    tool_choice: 'auto',
    max_output_tokens: 'inf',
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24_000 },
        transcription: null,
        turn_detection: {
          type: 'server_vad',
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 500,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'alloy', speed: 1 },
    },
  };
}

/** `old` with the fields of `changes`, objects within objects likewise. */
export function merged(old: JsonObject, changes: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...old };
  for (const [name, value] of Object.entries(changes)) {
    const before = asObject(old[name]);
    const now = asObject(value);
    result[name] = before !== null && now !== null ? merged(before, now) : value;
  }
  return result;
}

/** The field at `path`. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => asObject(inner)?.[name], value);
}
