/**
 * How long the conversation of a realtime session is: what the provider said of it last, and what has been added since.
 *
 * A bound to reserve by, and a guess for when nobody reports. What is taken out of a conversation counts until the next
 * report, which no longer has it.
 */
import { type Usage, totalInputTokens, totalOutputTokens, utf8Bytes } from '@bursar/core';
import { inputSizeOf, type InputRules, type Medium } from '../http/input-size.ts';
import { type JsonObject, stringOf } from '../http/json-fields.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import { IMAGE_TOKENS_MAX } from '../openai/medium.ts';

/** Tokens of sound in a second that somebody speaks to a model, and that it speaks. OpenAI's realtime guide on costs. */
export const HEARD_TOKENS_PER_SECOND = 10;
export const SPOKEN_TOKENS_PER_SECOND = 20;

/** Tokens of a conversation. */
export interface Length {
  /** Upper bound of all together. */
  readonly bound: number;
  /** Of which probably are text and images. */
  readonly text: number;
  readonly sound: number;
}

export const NOTHING: Length = { bound: 0, text: 0, sound: 0 };

/** Both together. */
export function plus(a: Length, b: Length): Length {
  return { bound: a.bound + b.bound, text: a.text + b.text, sound: a.sound + b.sound };
}

/** What stands in `event`, below `fields`, as a model reads it. `bytesPerSecond` is of its sound. */
export function lengthOf(
  event: JsonObject,
  fields: readonly string[],
  { model, bytesPerSecond }: { readonly model: string; readonly bytesPerSecond: number },
): Length {
  let sound = 0;
  const rules: InputRules = {
    contentFields: fields,
    schemaFields: [],
    mediumOf: (part) => {
      const medium = mediumOf(part, bytesPerSecond);
      if (medium?.field === 'audio') sound += medium.tokens;
      return medium;
    },
  };
  const { upperBound, expected } = inputSizeOf(JSON.stringify(event), event, { model, rules });
  // Of media a quarter is expected there, which is right for images and not for sound, whose length is known.
  return { bound: upperBound, text: Math.max(0, expected - Math.ceil(sound / 4)), sound };
}

/** Text that the model is shown. */
export function lengthOfText(text: string): Length {
  const bytes = utf8Bytes(text);
  return { bound: bytes, text: expectedTextTokens(bytes), sound: 0 };
}

/** Sound that was sent. */
export function lengthOfSound(bytes: number, bytesPerSecond: number): Length {
  const sound = Math.ceil((bytes * HEARD_TOKENS_PER_SECOND) / bytesPerSecond);
  return { bound: sound, text: 0, sound };
}

/** What an answer was reported to have used, which is what the next one has as its input. */
export function lengthReported(usage: Usage): Length {
  const bound = totalInputTokens(usage) + totalOutputTokens(usage);
  const { audioInputTokens = 0, cachedAudioInputTokens = 0, audioOutputTokens = 0 } = usage;
  const sound = audioInputTokens + cachedAudioInputTokens + audioOutputTokens;
  return { bound, text: bound - sound, sound };
}

/** What is in a session's conversation. */
export class Conversation {
  #reported = NOTHING;
  /** Everything that was ever added, and what of it the last report knows of. */
  #added = NOTHING;
  #known = NOTHING;

  get length(): Length {
    const { bound, text, sound } = this.#known;
    const since = plus(this.#added, { bound: -bound, text: -text, sound: -sound });
    return plus(this.#reported, since);
  }

  /** How much was ever added, to be told with the report of an answer that begins now. */
  get mark(): Length {
    return this.#added;
  }

  add(length: Length): void {
    this.#added = plus(this.#added, length);
  }

  /** An answer that began at `mark` has ended, and says how long the conversation is with it. */
  report(length: Length, mark: Length): void {
    this.#reported = length;
    this.#known = mark;
  }
}

function mediumOf(part: JsonObject, bytesPerSecond: number): Medium | undefined {
  switch (part['type']) {
    case 'input_image': {
      const { length: bytes } = stringOf(part['image_url']);
      return { field: 'image_url', tokens: IMAGE_TOKENS_MAX, bytes };
    }
    case 'input_audio':
    case 'audio':
    case 'output_audio': {
      const { length: bytes } = stringOf(part['audio']);
      const { sound } = lengthOfSound(bytesOfBase64(bytes), bytesPerSecond);
      return { field: 'audio', tokens: sound, bytes };
    }
    default:
      return undefined;
  }
}

/** How many bytes `characters` of base64 stand for, at most. */
export function bytesOfBase64(characters: number): number {
  return Math.ceil((characters * 3) / 4);
}
