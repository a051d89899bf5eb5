/**
 * The port of the metering `fetch`: what it has to know of one provider's HTTP API. What is the same for all
 * (reserve, send, read, settle, whoever leaves when) is in this folder; what is particular is in a folder for
 * each provider.
 */
import type { Denied } from '@bursar/api';
import type { BursarError, ManyCalls, ServiceTier } from '@bursar/core';
import type { OtherUnits, Spent } from '../call-terms.ts';
import type { UnfinishedWork } from '../unfinished-work.ts';
import type { Metering } from '../wrap-options.ts';
import type { EventBytes } from './event-stream.ts';
import type { HttpRequest } from './http-request.ts';
import type { RefusalReason } from './refusal-reasons.ts';

/** One provider's HTTP API. */
export interface ProviderApi {
  /** What there is to do with a request; `url` is absolute. */
  ruleFor(method: string, url: string): RouteRule;
  /**
   * The model whose price applies to a request to `url` that names `model`; left out: the one that it names. Throws
   * what a request without a price is refused with.
   */
  pricedModel?(url: string, model: string, metering: Metering): Promise<string>;
  /** Makes a request with these headers one of the owner of `key`, and of nobody else. */
  putKey(headers: Headers, key: string): void;
  readonly errors: ErrorBodies;
}

/** What there is to do with a request. */
export type RouteRule =
  /** Sent as it is: it costs nothing. */
  | { readonly kind: 'free' }
  /** Not sent, for nobody knows what it costs. */
  | { readonly kind: 'refused'; why(): RefusalReason | Promise<RefusalReason> }
  /** Reserved, sent, settled. `read` throws `input_invalid` for what cannot be read. */
  | {
      readonly kind: 'metered';
      /** `send` sends requests of Bursar's own to the provider, to read what `http` refers to. */
      read(http: HttpRequest, send: typeof fetch): Promise<ReadRequest>;
    }
  /**
   * Sent as it is; the answer may tell how a call ended that was begun in the background as `id`, here or, which is
   * what `read` reads it for, by another process.
   */
  | { readonly kind: 'follow'; readonly id: string; read(): Promise<ReadRequest> }
  /** Sent as it is; `look` finds in the answer how jobs have ended, and answers what of it the caller is to see. */
  | { readonly kind: 'jobs'; look(answer: Response, seen: SeenJobs): Promise<Response> };

/** What is done with jobs that are seen in an answer to `http`. */
export interface SeenJobs {
  readonly http: HttpRequest;
  readonly send: typeof fetch;
  readonly unfinished: UnfinishedWork;
  /** Whether `reservation` is known to be settled. */
  isOver(reservation: string): boolean;
  /** Whether this connection has made the job `id`. */
  isOwn(id: string): boolean;
  /** Books what the job `id` cost. Resolves when that is acknowledged, or after a second; never rejects. */
  settle(id: string, spent: Spent): Promise<void>;
}

/**
 * Thrown when the provider does not let Bursar read what a request refers to: its answer to that is what the caller
 * gets, and what SDKs know what to do with.
 */
export class AnsweredInstead extends Error {
  override readonly name = 'AnsweredInstead';
  readonly response: Response;

  constructor(response: Response) {
    super(`The provider answered ${response.status}`);
    this.response = response;
  }
}

/** Bursar's own answers, in the shape of the provider's errors, so that SDKs make their own errors of them. */
export interface ErrorBodies {
  denied(denied: Denied): object;
  /** Bursar could not decide. */
  failed(error: BursarError): object;
}

/** What a request may use. */
export interface ModelRequest {
  readonly model: string;
  /** Upper bound. */
  readonly inputTokensMax: number;
  /** A guess. */
  readonly inputTokensExpected: number;
  /** Cap of all choices together; `undefined` when the request sets none. */
  readonly outputTokensMax: number | undefined;
  /** Answers asked for at once. */
  readonly choices: number;
  /** Whether audio goes in or comes out. */
  readonly audio: boolean;
  /** Whether the prompt may be cached for the longer time, which costs more to write. */
  readonly longCache: boolean;
  /** The service tier asked for; `undefined` when none is. */
  readonly serviceTier: ServiceTier | undefined;
  /** Upper bounds of what the model may be charged by instead of tokens. */
  readonly otherUnits?: OtherUnits;
  /** What of those the provider charges for a request whose answer nobody has seen. */
  readonly otherUnitsUnseen?: OtherUnits;
  readonly streams: boolean;
  /** Several calls at once, whose tokens the bounds are together. */
  readonly many?: ManyRequests;
  /** Whether the provider goes on with it for hours, out of sight of this request; the service's key pays for it. */
  readonly isJob?: boolean;
  /** The JSON text to send; `undefined`: the body that was given. */
  readonly text: string | undefined;
}

/** Several calls at once. */
export interface ManyRequests extends ManyCalls {
  /** Cap of all that have one together. */
  readonly outputTokensCapped: number;
  /** Answers asked for without a cap. */
  readonly choicesUncapped: number;
}

/** A request as it was read: what it may use, and how its answer is to be understood. */
export interface ReadRequest {
  readonly request: ModelRequest;
  /** What a whole answer cost. */
  spentBy(answer: WholeAnswer): Spent | Promise<Spent>;
  /**
   * What an answer cost whose beginning says all that there is to know of it. It is passed on as it comes.
   * `undefined`, or left out: its body has to be read.
   */
  spentAtOnce?(response: Response): Spent | undefined;
  readStream(): StreamReader | Promise<StreamReader>;
  /** The id under which the provider goes on with the call after this answer; `undefined` when it has ended. */
  continuesAs?(answer: WholeAnswer): string | undefined;
  /**
   * Whether it is of a kind that some models charge for by something that has no price here, so that
   * `unmeteredRoutes: 'allow'` lets it through where it has none.
   */
  readonly mayBeUnpriced?: boolean;
  /** The JSON text to send, with the reservation in it, by which another process can settle the call. */
  taggedText?(reservation: string): Promise<string>;
  /** What of a whole answer the caller is to see; left out: all of it. */
  shown?(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** How it is made with less output; left out where that is not possible. */
  readonly clamping?: Clamping;
}

/** Holding a request to less output than it asks for. */
export interface Clamping {
  /** The least output of all choices together that is of use when each is to have `eachMin` tokens. */
  leastOutput(eachMin: number): number;
  /** The same request, all of whose choices together produce at most `outputTokensMax` tokens. */
  withOutputCap(outputTokensMax: number): ReadRequest | Promise<ReadRequest>;
}

/** An answer in one piece. */
export interface WholeAnswer {
  readonly bytes: Uint8Array;
  /** In lower case. */
  readonly contentType: string;
}

/** Understands one stream, event by event. */
export interface StreamReader {
  /** Output tokens counted so far. */
  readonly outputTokens: number;
  /** Nothing about usage comes any more. */
  readonly isComplete: boolean;
  /** The id under which the provider goes on with the call when the stream ends here. */
  readonly continuesAs: string | undefined;
  /** Reads an event; answers what of it the caller is to see: views of its bytes, nothing, or mostly itself. */
  read(event: EventBytes): EventBytes;
  /** What the stream cost so far: as reported, or else as counted. */
  spent(): Spent;
}
