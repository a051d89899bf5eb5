/**
 * What a job that outlives its request carries at the provider, so that whoever sees its end can settle it, in whatever
 * process: the id of its reservation, in the job's metadata, which nobody can change later.
 *
 * Only Bursar writes it, and takes it out of every answer: a caller who could copy it from a dear job to a cheap one
 * could have the dear one settled by the cheap one.
 */
import { fieldOf, isObject, type JsonObject, stringOf } from './json-fields.ts';
import { TAG_FIELD } from './tag-field.ts';

/** What a job carries. */
export interface JobTag {
  readonly reservation: string;
  /** Whether its calls have to be looked at one by one, because their sum does not tell what they cost. */
  readonly isByCall: boolean;
}

/** Most entries that providers take in a job's metadata. OpenAI API reference, 2026-11-30. */
const METADATA_MAX = 16;
const BY_CALL = ' by-call';
/** The caller gave no metadata, so that they are to see none. */
const ALONE = ' alone';
const WRITTEN = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})( by-call)?( alone)?$/;

/**
 * `body` with `tag`, as JSON text; as it is where its metadata has no room, or is none. Then only this process can
 * settle the job.
 */
export function tagged(body: JsonObject, { reservation, isByCall }: JobTag): string {
  const given = body['metadata'] ?? undefined;
  const metadata = given ?? {};
  if (!isObject(metadata) || Object.keys(metadata).length >= METADATA_MAX) {
    return JSON.stringify(body);
  }
  const tag = `${reservation}${isByCall ? BY_CALL : ''}${given === undefined ? ALONE : ''}`;
  return JSON.stringify({ ...body, metadata: { [TAG_FIELD]: tag, ...metadata } });
}

/** The tag of `job`, as the provider answers it. */
export function tagOf(job: unknown): JobTag | undefined {
  const written = WRITTEN.exec(stringOf(fieldOf(fieldOf(job, 'metadata'), TAG_FIELD)));
  const reservation = written?.[1];
  return reservation === undefined
    ? undefined
    : { reservation, isByCall: written?.[2] !== undefined };
}

// Within a string of JSON the quotes would be escaped, so that these are the field wherever they match.
const OWN = `"${TAG_FIELD}"\\s*:\\s*"[^"\\\\]*"`;
const ONLY_OWN = new RegExp(
  `("metadata"\\s*:\\s*)\\{\\s*"${TAG_FIELD}"\\s*:\\s*"[^"\\\\]* alone"\\s*\\}`,
  'g',
);
const BEFORE_OTHERS = new RegExp(`${OWN}\\s*,\\s*`, 'g');
const AFTER_OTHERS = new RegExp(`(\\s*,\\s*)?${OWN}`, 'g');

/** `text`, JSON or an event of it, without tags. `none` is what jobs of this kind have for no metadata. */
export function withoutTags(text: string, none: 'null' | '{}'): string {
  if (!text.includes(TAG_FIELD)) return text;
  return text
    .replaceAll(ONLY_OWN, `$1${none}`)
    .replaceAll(BEFORE_OTHERS, '')
    .replaceAll(AFTER_OTHERS, '');
}

/** The same of bytes, which are answered as they are when there is no tag in them. */
export function bytesWithoutTags(
  bytes: Uint8Array<ArrayBuffer>,
  none: 'null' | '{}',
): Uint8Array<ArrayBuffer> {
  const text = new TextDecoder().decode(bytes);
  const shown = withoutTags(text, none);
  return shown === text ? bytes : new TextEncoder().encode(shown);
}
