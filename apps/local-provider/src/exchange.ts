/**
 * One call: its request, its answer, its record. Everything that touches the connection is here: waiting,
 * back-pressure, dropping it, and noticing that the client went away, which ends every wait at once.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiError } from './api-error.ts';
import type { CallLog, OpenCall } from './call-log.ts';
import { messagesErrorBody } from './messages/messages-error.ts';
import type { Script } from './script.ts';
import type { TokenUsage } from './token-usage.ts';
import type { IdSource } from './unique-id.ts';

/** Thrown to leave a handler whose connection is over. Nobody is left to answer. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
}

interface ExchangeParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: OpenCall;
  readonly log: CallLog;
  readonly newId: IdSource;
  readonly script: Script;
}

export class Exchange {
  readonly call: OpenCall;
  readonly script: Script;
  readonly newId: IdSource;
  /** Of the request's address. */
  readonly query: URLSearchParams;
  readonly #response: ServerResponse;
  readonly #log: CallLog;
  #visibleTokensSent = 0;
  #wasCut = false;
  #wake: (() => void) | null = null;

  constructor({ request, response, call, log, newId, script }: ExchangeParts) {
    this.call = call;
    this.script = script;
    this.newId = newId;
    this.query = new URL(request.url ?? '/', 'http://provider').searchParams;
    this.#response = response;
    this.#log = log;
    log.arrive(call);
    response.on('close', () => this.#end());
    // A write that races with the client's leaving fails here; the close that follows says it all.
    response.on('error', () => {});
    if (request.socket.destroyed) this.#end();
  }

  /** Counts the prompt, once the call is accepted. */
  accept(promptTokens: number): void {
    this.call.promptTokens = promptTokens;
    this.call.cachedTokens = Math.min(this.script.cachedTokens, promptTokens);
  }

  /** Counts output that is generated without being sent token by token. */
  generate(output: { readonly tokens: number; readonly reasoningTokens: number }): void {
    this.call.outputTokens += output.tokens;
    this.call.reasoningTokens += output.reasoningTokens;
  }

  /** The usage to report, null when the script withholds it. */
  usage(): TokenUsage | null {
    if (!this.script.reportsUsage) return null;
    const { promptTokens, cachedTokens, outputTokens, reasoningTokens } = this.call;
    return { promptTokens, cachedTokens, outputTokens, reasoningTokens };
  }

  /** Resolves after `ms`. */
  async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.#wait((done) => (timer = setTimeout(done, ms)));
    clearTimeout(timer);
    this.#throwIfEnded();
  }

  /** Leaves the client without an answer; throws `ConnectionEnded` when it goes. */
  async hang(): Promise<never> {
    await this.#wait(() => {});
    throw new ConnectionEnded();
  }

  /** Answers with one JSON body; `reportedUsage` is the usage within it. */
  answer(body: object, reportedUsage: TokenUsage | null): void {
    this.answerBytes('application/json', Buffer.from(JSON.stringify(body)), reportedUsage);
  }

  /** The same with any body. */
  answerBytes(contentType: string, bytes: Buffer, reportedUsage: TokenUsage | null): void {
    this.#throwIfEnded();
    this.#writeHead(200, contentType, { 'content-length': bytes.length });
    if (this.script.cutAfterTokens !== null) this.#cut();
    this.call.reportedUsage = reportedUsage;
    this.#response.end(bytes);
  }

  /** Answers with an error. */
  refuse(error: ApiError): void {
    if (this.call.ending !== null) return;
    const body = this.#isAnthropic ? messagesErrorBody(error, this.call.id) : error.body();
    const text = JSON.stringify(body);
    const { status } = error.fields;
    const retryAfter = this.script.retryAfterSeconds ?? (status === 429 ? 1 : null);
    this.#writeHead(status, 'application/json', {
      'content-length': Buffer.byteLength(text),
      ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
    });
    this.#response.end(text);
  }

  /** Starts a stream of server-sent events. */
  beginStream(): void {
    this.#throwIfEnded();
    this.#writeHead(200, 'text/event-stream; charset=utf-8', { 'cache-control': 'no-cache' });
    if (this.script.cutAfterTokens === 0) this.#cut();
  }

  /** Most tokens that the next event may carry. */
  get chunkTokensMax(): number {
    const untilCut = (this.script.cutAfterTokens ?? Infinity) - this.#visibleTokensSent;
    return Math.min(this.script.tokensPerChunk, untilCut);
  }

  /**
   * Sends one event with `tokens` visible tokens in it, billed unless they were before; resolves when the connection
   * has room again.
   */
  async send(event: string, tokens = 0, isBilled = true): Promise<void> {
    const { chunkDelayMs, cutAfterTokens } = this.script;
    if (chunkDelayMs > 0 && this.#visibleTokensSent > 0) await this.pause(chunkDelayMs);
    this.#throwIfEnded();
    const hasRoom = this.#response.write(event);
    this.#visibleTokensSent += tokens;
    if (isBilled) this.call.outputTokens += tokens;
    if (this.#visibleTokensSent === cutAfterTokens) this.#cut();
    if (hasRoom) return;
    await this.#wait((done) => this.#response.once('drain', done));
    this.#throwIfEnded();
  }

  /** Ends a stream, with a last event if there is one. */
  endStream(lastEvent = ''): void {
    this.#throwIfEnded();
    this.#response.end(lastEvent);
  }

  /** Whether the call is to an API that is Anthropic's. */
  get #isAnthropic(): boolean {
    return this.call.path.startsWith('/v1/messages');
  }

  #writeHead(status: number, contentType: string, headers: Record<string, string | number>): void {
    this.call.status = status;
    this.#response.writeHead(status, {
      'content-type': contentType,
      ...(this.#isAnthropic
        ? { 'request-id': this.call.id }
        : { 'x-request-id': this.call.id, 'openai-version': '2020-10-01' }),
      ...(this.script.units === null ? {} : { 'x-units': this.script.units }),
      ...headers,
    });
  }

  /** Sends what was written, then drops the connection in the middle of the answer. */
  #cut(): never {
    this.#wasCut = true;
    this.#response.flushHeaders();
    this.#response.socket?.destroySoon();
    throw new ConnectionEnded();
  }

  #wait(start: (done: () => void) => void): Promise<void> {
    if (this.call.ending !== null) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wake = resolve;
      start(resolve);
    });
  }

  #throwIfEnded(): void {
    if (this.call.ending !== null) throw new ConnectionEnded();
  }

  #end(): void {
    if (this.call.ending !== null) return;
    const isError = (this.call.status ?? 0) >= 400;
    const answered = isError ? 'errored' : 'completed';
    const dropped = this.#wasCut ? 'cut' : 'aborted';
    this.#log.end(this.call, this.#response.writableFinished ? answered : dropped);
    this.#wake?.();
  }
}
