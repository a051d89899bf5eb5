/** What the demo was asked to do: its arguments, read and checked. */
import { parseArgs } from 'node:util';
import { WRITING_MODELS } from './money/model-prices.ts';
import { parseUsd } from './money/nano-usd.ts';

/** The story of three users. */
export interface StoryPlan {
  readonly kind: 'story';
  readonly dataDirectory: string;
  /** Unless named, it depends on who answers. */
  readonly model: string | undefined;
}

/** Replaying a trace. */
export interface TracePlan {
  readonly kind: 'trace';
  readonly dataDirectory: string;
  readonly model: string;
  readonly file: string;
  /** Times faster than it was recorded; `Infinity` for as fast as possible. */
  readonly speed: number;
  /** Most calls at once. */
  readonly concurrency: number;
  /** Users that the calls are spread over. */
  readonly users: number;
  /** Each user's limit in decimal USD; `null` for none. */
  readonly limitUsd: string | null;
  /** Whether the last line is the summary as JSON. */
  readonly json: boolean;
}

/** What to do. */
export type Plan = StoryPlan | TracePlan | { readonly kind: 'help' };

/** The arguments do not make a plan. The message says why, in one line. */
export class ArgumentsInvalid extends Error {
  override readonly name = 'ArgumentsInvalid';
}

export const HELP = `Usage: pnpm demo [options]

Without options: three users of one organisation, their plans and budgets, what is refused and why,
a key of a user's own, an answer given up, one audit.
With OPENAI_API_KEY set, the story calls OpenAI (costs cents); a trace never does.
With DATABASE_URL set, the books are in that PostgreSQL instead of an embedded one.

  --data DIR         where the books are kept                       (default .bursar/demo)
  --model NAME       the model that is called: ${WRITING_MODELS.join(', ')}
                     (default gpt-4o; the story with OpenAI: gpt-4o-mini)
  --trace FILE       replay a CSV with the columns TIMESTAMP,ContextTokens,GeneratedTokens
  --speed N|max      times faster than it was recorded; 1 is real time       (default max)
  --concurrency N    most calls at once                                      (default 128)
  --users N          users that the calls are spread over                     (default 20)
  --limit USD        each user's limit, to see denials                      (default none)
  --json             end with one line of JSON: calls, settled, denied, ledgerNanoUsd,
                     differenceNanoUsd, openReservations, seconds
  --help             this

Exit code: 0 when every nano-dollar is accounted for, 1 when not, 2 for wrong arguments.`;

const DATA_DIRECTORY_DEFAULT = '.bursar/demo';
const OPTIONS = {
  data: { type: 'string', default: DATA_DIRECTORY_DEFAULT },
  model: { type: 'string' },
  trace: { type: 'string' },
  speed: { type: 'string' },
  concurrency: { type: 'string' },
  users: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;
const TRACE_ONLY = ['speed', 'concurrency', 'users', 'limit', 'json'] as const;

/** The plan in `args`. Throws `ArgumentsInvalid`. */
export function readArguments(args: readonly string[]): Plan {
  const values = valuesOf(args);
  if (values.help === true) return { kind: 'help' };
  const { data: dataDirectory, model, trace: file } = values;
  if (model !== undefined && !WRITING_MODELS.includes(model)) {
    throw new ArgumentsInvalid(
      `--model ${model}: the demo checks every cost against its own price list ` +
        `(src/money/model-prices.ts), which has ${WRITING_MODELS.join(', ')}`,
    );
  }
  if (file === undefined) {
    const stray = TRACE_ONLY.find((name) => values[name] !== undefined);
    if (stray !== undefined) throw new ArgumentsInvalid(`--${stray} needs --trace FILE`);
    return { kind: 'story', dataDirectory, model };
  }
  return {
    kind: 'trace',
    dataDirectory,
    model: model ?? 'gpt-4o',
    file,
    speed: speedOf(values.speed ?? 'max'),
    concurrency: wholeOf('concurrency', values.concurrency ?? '128', 1_000),
    users: wholeOf('users', values.users ?? '20', 10_000),
    limitUsd: limitOf(values.limit),
    json: values.json ?? false,
  };
}

function valuesOf(args: readonly string[]) {
  // `pnpm demo -- --trace …` hands the two dashes on.
  const own = args[0] === '--' ? args.slice(1) : [...args];
  try {
    return parseArgs({ args: own, options: OPTIONS, allowPositionals: false }).values;
  } catch (error) {
    throw new ArgumentsInvalid((error as Error).message);
  }
}

function speedOf(text: string): number {
  if (text === 'max') return Infinity;
  const speed = /^[0-9]{1,6}(\.[0-9]{1,3})?$/.test(text) ? Number(text) : 0;
  if (speed > 0) return speed;
  throw new ArgumentsInvalid(`--speed must be a number above 0 or "max", and is "${text}"`);
}

function wholeOf(name: string, text: string, most: number): number {
  const number = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new ArgumentsInvalid(
    `--${name} must be a whole number from 1 to ${most}, and is "${text}"`,
  );
}

function limitOf(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    if (parseUsd(text) >= 0n) return text;
  } catch {
    // Falls through: one message for everything that is no limit.
  }
  throw new ArgumentsInvalid(`--limit must be decimal USD like 0.50, and is "${text}"`);
}
