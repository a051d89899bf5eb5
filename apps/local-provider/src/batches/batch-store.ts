/** Batches: created, asked about, cancelled, listed. What they answer was worked out when they were created. */
import { ApiError, invalidField, missingField } from '../api-error.ts';
import type { Exchange } from '../exchange.ts';
import { asObject, type JsonObject } from '../request-fields.ts';
import type { BatchEnd } from '../script.ts';
import { type AnswerLine, type Line, linesOf, runLines } from './batch-lines.ts';
import type { FileStore } from './file-store.ts';

const ENDPOINTS = ['/v1/chat/completions', '/v1/responses', '/v1/embeddings', '/v1/completions'];

interface Batch {
  readonly id: string;
  readonly end: BatchEnd;
  readonly created: object;
  readonly lines: number;
  readonly result: object;
  isCancelled: boolean;
}

export class BatchStore {
  readonly #batches = new Map<string, Batch>();
  readonly #files: FileStore;

  constructor(files: FileStore) {
    this.#files = files;
  }

  /** `POST /v1/batches`: works on every line at once, and shows it when it is asked for. */
  async create(exchange: Exchange, body: JsonObject, answerLine: AnswerLine): Promise<void> {
    const { input_file_id: inputFile, endpoint } = body;
    if (typeof inputFile !== 'string') throw missingField('input_file_id');
    if (typeof endpoint !== 'string' || !ENDPOINTS.includes(endpoint)) {
      throw invalidField('endpoint', `one of ${ENDPOINTS.join(', ')}`);
    }
    const lines = linesOf(this.#files.find(inputFile).bytes, endpoint);
    const { batchEnd: end } = exchange.script;
    const answered = lines.slice(0, end.linesAnswered ?? lines.length);
    const id = exchange.newId('batch_');
    const created = {
      id,
      object: 'batch',
      endpoint,
      model: asObject(lines[0]?.body)?.['model'] ?? null,
      input_file_id: inputFile,
      completion_window: '24h',
      created_at: Math.floor(exchange.call.arrivedAtMs / 1000),
      metadata: body['metadata'] ?? null,
    };
    const result = await this.#resultOf(exchange, answered, answerLine);
    this.#batches.set(id, { id, end, created, lines: lines.length, result, isCancelled: false });
    const counts = { total: 0, completed: 0, failed: 0 };
    exchange.answer({ ...created, status: 'validating', request_counts: counts }, null);
  }

  /** `GET /v1/batches/{id}`. */
  retrieve(exchange: Exchange, id: string): void {
    exchange.answer(viewOf(this.#find(id)), null);
  }

  /** `POST /v1/batches/{id}/cancel`: what was answered by then is billed and kept. */
  cancel(exchange: Exchange, id: string): void {
    const batch = this.#find(id);
    const isOver = batch.end.status !== 'in_progress';
    batch.isCancelled = !isOver;
    exchange.answer({ ...viewOf(batch), ...(isOver ? {} : { status: 'cancelling' }) }, null);
  }

  /** `GET /v1/batches`, the newest first. */
  list(exchange: Exchange): void {
    const data = [...this.#batches.values()].toReversed().map(viewOf);
    exchange.answer({ object: 'list', data, has_more: false }, null);
  }

  #find(id: string): Batch {
    const found = this.#batches.get(id);
    if (found !== undefined) return found;
    throw new ApiError(`No batch found with id '${id}'.`, { status: 404 });
  }

  async #resultOf(
    exchange: Exchange,
    lines: readonly Line[],
    answerLine: AnswerLine,
  ): Promise<object> {
    const run = await runLines(lines, answerLine, exchange.newId);
    const fileOf = (text: string, name: string): string | undefined => {
      if (text === '') return undefined;
      const id = exchange.newId('file-');
      this.#files.keep(Buffer.from(text), { id, name, purpose: 'batch_output' });
      return id;
    };
    const outputFile = fileOf(run.output, 'output.jsonl');
    const errorFile = fileOf(run.errors, 'errors.jsonl');
    return {
      ...(outputFile === undefined ? {} : { output_file_id: outputFile }),
      ...(errorFile === undefined ? {} : { error_file_id: errorFile }),
      request_counts: { total: lines.length, completed: run.completed, failed: run.failed },
      ...(exchange.script.batchEnd.reportsUsage ? { usage: run.usage } : {}),
    };
  }
}

function viewOf({ created, end, lines, result, isCancelled }: Batch): object {
  const status = isCancelled ? 'cancelled' : end.status;
  const counts = { total: lines, completed: 0, failed: 0 };
  if (status === 'in_progress') return { ...created, status, request_counts: counts };
  const endedAt = { [`${status}_at`]: Math.floor(Date.now() / 1000) };
  return { ...created, status, ...endedAt, ...result };
}
