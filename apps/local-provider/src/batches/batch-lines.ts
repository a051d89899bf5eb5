/** The lines of a batch, and working on them: each is a call of its own to this provider, and in its book. */
import { invalidField } from '../api-error.ts';
import { asObject, type JsonObject } from '../request-fields.ts';
import type { IdSource } from '../unique-id.ts';

export interface Line {
  readonly customId: string;
  readonly url: string;
  readonly body: JsonObject;
}

/** Answers one line, as the same request by itself would be answered. */
export type AnswerLine = (
  url: string,
  body: JsonObject,
) => Promise<{ readonly status: number; readonly body: JsonObject }>;

export interface Run {
  /** JSONL; empty without any. */
  readonly output: string;
  readonly errors: string;
  readonly completed: number;
  readonly failed: number;
  readonly usage: object;
}

/** The lines of an input file. Throws 400 for what is none. */
export function linesOf(bytes: Buffer, endpoint: string): Line[] {
  const texts = bytes
    .toString('utf8')
    .split('\n')
    .filter((text) => text.trim() !== '');
  return texts.map((text) => {
    const line = asObject(JSON.parse(text)) ?? {};
    const body = asObject(line['body']);
    if (line['url'] !== endpoint || body === null) {
      throw invalidField('input_file_id', `lines for ${endpoint}`);
    }
    return { customId: String(line['custom_id']), url: endpoint, body };
  });
}

/** Answers `lines` one after the other. */
export async function runLines(
  lines: readonly Line[],
  answer: AnswerLine,
  newId: IdSource,
): Promise<Run> {
  const output: string[] = [];
  const errors: string[] = [];
  const sums = { input: 0, cached: 0, output: 0, reasoning: 0 };
  for (const { customId, url, body } of lines) {
    const answered = await answer(url, body);
    const response = {
      status_code: answered.status,
      request_id: newId('req_'),
      body: answered.body,
    };
    const line = { id: newId('batch_req_'), custom_id: customId, response, error: null };
    (answered.status === 200 ? output : errors).push(JSON.stringify(line));
    addTo(sums, asObject(answered.body['usage']) ?? {});
  }
  return {
    output: output.join('\n'),
    errors: errors.join('\n'),
    completed: output.length,
    failed: errors.length,
    usage: {
      input_tokens: sums.input,
      input_tokens_details: { cached_tokens: sums.cached },
      output_tokens: sums.output,
      output_tokens_details: { reasoning_tokens: sums.reasoning },
      total_tokens: sums.input + sums.output,
    },
  };
}

function addTo(
  sums: { input: number; cached: number; output: number; reasoning: number },
  usage: JsonObject,
): void {
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const detail = (name: string, field: string): number => number(asObject(usage[name])?.[field]);
  sums.input += number(usage['prompt_tokens'] ?? usage['input_tokens']);
  sums.output += number(usage['completion_tokens'] ?? usage['output_tokens']);
  sums.cached +=
    detail('prompt_tokens_details', 'cached_tokens') +
    detail('input_tokens_details', 'cached_tokens');
  sums.reasoning +=
    detail('completion_tokens_details', 'reasoning_tokens') +
    detail('output_tokens_details', 'reasoning_tokens');
}
