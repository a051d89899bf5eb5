/**
 * The most output tokens that OpenAI's models produce in one answer, for calls that set no limit of
 * their own.
 *
 * A family covers its name, and its name followed by `-` or `:`; the longest family that covers a model
 * counts. A new version (`gpt-7`, `gpt-5.9`) is a new family, so it is unknown until it is added here, and
 * then the caller assumes `OUTPUT_TOKENS_FALLBACK`. A bound that is too large only reserves too much.
 *
 * Embedding, moderation and transcription by duration produce no output tokens.
 */
import { comparableModel } from './model-match.ts';

/** What to assume of a model that is not listed: as much as all but one of today's models can produce. */
export const OUTPUT_TOKENS_FALLBACK = 128_000;

interface OutputBound {
  readonly outputTokensMax: number;
  readonly families: readonly string[];
  /** Where the number is from, and when it was read. */
  readonly source: string;
}

/** `limit.output` in models/openai and providers/openai of github.com/anomalyco/models.dev. */
const MODELS_DEV = 'models.dev, 2026-11-23';
/** "Max output tokens" at developers.openai.com/api/docs/models/<model>. */
const OPENAI_PAGE = 'OpenAI model page, 2026-11-23';
/** No better number was found; an answer cannot be longer than the context it has to fit into. */
const CONTEXT = 'context_window of @pydantic/genai-prices 0.1.8, 2026-11-23';
/** These endpoints return no generated tokens. */
const ENDPOINT = 'OpenAI API reference, 2026-11-23';

const OUTPUT_BOUNDS: readonly OutputBound[] = [
  {
    outputTokensMax: 272_000,
    families: ['gpt-5-pro'],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 200_000,
    families: ['codex-mini'],
    source: CONTEXT,
  },
  {
    outputTokensMax: 128_000,
    families: [
      'gpt-5',
      'gpt-5.1',
      'gpt-5.2',
      'gpt-5.3',
      'gpt-5.4',
      'gpt-5.5',
      'gpt-5.6',
      'gpt-6',
      'gpt-6.1',
    ],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 128_000,
    families: ['gpt-6.2'],
    source: OPENAI_PAGE,
  },
  {
    outputTokensMax: 100_000,
    families: ['o1', 'o3', 'o4-mini'],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 65_536,
    families: ['o1-mini'],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 32_768,
    families: ['gpt-4.1', 'o1-preview'],
    source: MODELS_DEV,
  },
  {
    // The catalogue rounds this context to 32,000.
    outputTokensMax: 32_768,
    families: ['gpt-4-32k'],
    source: CONTEXT,
  },
  {
    outputTokensMax: 16_385,
    families: ['gpt-3.5-turbo-16k', 'gpt-35-turbo-16k'],
    source: CONTEXT,
  },
  {
    outputTokensMax: 16_384,
    families: ['gpt-4o', 'chatgpt-4o-latest', 'gpt-5.1-chat', 'gpt-5.2-chat'],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 16_384,
    families: ['gpt-audio', 'gpt-4o-audio-preview', 'gpt-4o-mini-audio-preview'],
    source: OPENAI_PAGE,
  },
  {
    outputTokensMax: 128_000,
    // Has the context of gpt-4o and a longer answer.
    families: ['gpt-4o:extended'],
    source: CONTEXT,
  },
  {
    outputTokensMax: 32_000,
    families: ['gpt-realtime-2', 'gpt-realtime-2.1'],
    source: 'OpenAI model page, 2026-11-30',
  },
  {
    outputTokensMax: 32_000,
    families: ['gpt-4o-realtime-preview'],
    source: CONTEXT,
  },
  {
    // One answer of a session has at most so many unless it is told "inf", which is the model's own maximum.
    outputTokensMax: 4_096,
    families: ['gpt-realtime', 'gpt-realtime-1.5', 'gpt-realtime-mini'],
    source: 'OpenAI API reference of realtime sessions, max_output_tokens, 2026-11-30',
  },
  {
    outputTokensMax: 8_192,
    families: ['gpt-4', 'computer-use-preview'],
    source: CONTEXT,
  },
  {
    outputTokensMax: 4_096,
    families: [
      'gpt-4o-2024-05-13',
      'gpt-4-turbo',
      'gpt-4-0125-preview',
      'gpt-4-1106-preview',
      'gpt-4-vision-preview',
      'gpt-4-1106-vision-preview',
      'gpt-3.5-turbo',
      'gpt-35-turbo',
    ],
    source: MODELS_DEV,
  },
  {
    outputTokensMax: 0,
    families: [
      'text-embedding-3-large',
      'text-embedding-3-small',
      'text-embedding-ada',
      'omni-moderation',
      'text-moderation',
      'whisper-1',
    ],
    source: ENDPOINT,
  },
];

const BOUND_BY_FAMILY: ReadonlyMap<string, number> = new Map(
  OUTPUT_BOUNDS.flatMap(({ families, outputTokensMax }) =>
    families.map((family) => [family, outputTokensMax] as const),
  ),
);

/**
 * The most output tokens of one answer of `model`, or `undefined` for a model that is not listed. A
 * fine-tuned model (`ft:gpt-4o-2024-08-06:org::id`) is bound like its base model.
 */
export function outputTokensBound(model: string): number | undefined {
  let family = comparableModel(model)?.replace(/^ft:/, '') ?? '';
  while (family !== '') {
    const bound = BOUND_BY_FAMILY.get(family);
    if (bound !== undefined) return bound;
    family = family.slice(0, Math.max(family.lastIndexOf('-'), family.lastIndexOf(':'), 0));
  }
  return undefined;
}
