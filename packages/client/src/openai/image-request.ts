/**
 * Images, generated, edited and varied. Answers of the models that are charged by tokens report them; of those that are
 * charged by the piece, the pieces are counted.
 */
import { type OtherClass, textTokensUpperBound, type Usage, usageFromOpenAi } from '@bursar/core';
import type { HttpRequest } from '../http/http-request.ts';
import { arrayOf, fieldOf, jsonIn } from '../http/json-fields.ts';
import type { ModelRequest, ReadRequest } from '../http/provider-api.ts';
import { requestFields, type RequestFields } from '../http/request-fields.ts';
import { expectedTextTokens } from '../http/text-tokens.ts';
import type { OtherUnits, Spent } from '../call-terms.ts';
import { PlainStream } from './plain-stream.ts';

/**
 * Most tokens of one image by its quality, up to 1024 × 1536 pixels: the prices of an image of each quality
 * and size on the model pages of gpt-image-1 (272 to 6,240 tokens) and gpt-image-1-mini (to 6,500), read 2026-11-30,
 * rounded up.
 */
const QUALITY_TOKENS_MAX: ReadonlyMap<string, number> = new Map([
  ['low', 1_024],
  ['medium', 2_048],
]);
/** `high`, and what the model chooses by itself. */
const TOKENS_MAX = 8_192;
/** Pixels that those are for; larger images have as many more tokens. */
const PIXELS_USUAL = 1_024 * 1_536;
/** Of each image that is shown before it is finished: 100, OpenAI's image guide. */
const PARTIAL_TOKENS = 100;
/** Of one image that goes in: 65, 129 for each tile of 512 pixels, and 6,240 with high fidelity, rounded up. */
const INPUT_IMAGE_TOKENS_MAX = 8_192;
/** Of what an image may have, what it probably has. */
const EXPECTED_SHARE = 1 / 4;

/** What OpenAI takes when a request names no model; it is charged by the piece. */
const MODEL_USUAL = 'dall-e-2';

/** The request in `http`. Throws `input_invalid` for what cannot be priced. */
export async function readImages(http: HttpRequest): Promise<ReadRequest> {
  const fields = await requestFields(http);
  const inputImages = Math.max(fields.files.length, imagesIn(fields));
  const images = Math.max(1, fields.count('n') ?? 1);
  const piece = pieceOf(fields);
  const pieces = (count: number): OtherUnits => ({ [piece]: Math.min(count, images) });
  const request: ModelRequest = {
    model: fields.text('model') || MODEL_USUAL,
    inputTokensMax: textTokensUpperBound(fields.textBytes) + inputImages * INPUT_IMAGE_TOKENS_MAX,
    inputTokensExpected:
      expectedTextTokens(fields.textBytes) +
      Math.ceil(inputImages * INPUT_IMAGE_TOKENS_MAX * EXPECTED_SHARE),
    outputTokensMax: images * imageTokensMax(fields),
    choices: images,
    audio: false,
    longCache: false,
    serviceTier: undefined,
    otherUnits: pieces(images),
    // The input is not charged for, and nobody knows what was made of it.
    otherUnitsUnseen: {},
    streams: fields.isTrue('stream'),
    text: fields.json,
  };
  return {
    request,
    mayBeUnpriced: true,
    spentBy: ({ bytes }) => {
      const answer = jsonIn(bytes);
      const made = arrayOf(fieldOf(answer, 'data')).length;
      const spent = reportedIn(answer) ?? unsaid(request, made);
      return { ...spent, otherUnits: pieces(made) };
    },
    readStream: () => {
      const withPieces = (spent: Spent): Spent => ({ ...spent, otherUnits: pieces(images) });
      return new PlainStream({
        spentBy: (event) => {
          const spent = reportedIn(event);
          return spent && withPieces(spent);
        },
        spentUnsaid: (events) => withPieces(unsaid(request, events)),
      });
    },
  };
}

/** As what an image is charged where it is charged by the piece. */
function pieceOf(fields: RequestFields): OtherClass {
  const pixels = pixelsOf(fields);
  const isHd = fields.text('quality') === 'hd';
  if (pixels > 1_024 * 1_024) return isHd ? 'largeHdImages' : 'largeImages';
  if (isHd) return 'hdImages';
  if (pixels > 512 * 512 || pixels === 0) return 'images';
  return pixels > 256 * 256 ? 'mediumImages' : 'smallImages';
}

/** Pixels that are asked for; 0 when the model chooses. */
function pixelsOf(fields: RequestFields): number {
  const [, width = 0, height = 0] =
    /^(\d{1,5})x(\d{1,5})$/.exec(fields.text('size'))?.map(Number) ?? [];
  return width * height;
}

function reportedIn(answer: unknown): Spent | undefined {
  const usage = usageFromOpenAi(fieldOf(answer, 'usage'), 'imageOutputTokens');
  return usage && { usage, basis: 'reported' };
}

/** Nothing was reported about `images` images: what they may have at most is charged, but never for more than asked. */
function unsaid(
  { inputTokensExpected, outputTokensMax = 0, choices }: ModelRequest,
  images: number,
): Spent {
  const share = Math.min(images, choices) / choices;
  const usage: Usage = {
    inputTokens: inputTokensExpected,
    imageOutputTokens: Math.ceil(outputTokensMax * share),
  };
  return { usage, basis: 'estimated' };
}

function imageTokensMax(fields: RequestFields): number {
  const scale = Math.max(1, Math.ceil(pixelsOf(fields) / PIXELS_USUAL));
  const tokens = QUALITY_TOKENS_MAX.get(fields.text('quality')) ?? TOKENS_MAX;
  return tokens * scale + PARTIAL_TOKENS * (fields.count('partial_images') ?? 0);
}

/** Images that a JSON body refers to instead of carrying them. */
function imagesIn({ json }: RequestFields): number {
  return json === undefined ? 0 : (json.match(/"(image_url|file_id)"\s*:/g)?.length ?? 0);
}
