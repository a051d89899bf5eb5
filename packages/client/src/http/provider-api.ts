/**
 * The port of the metering `fetch`: what it has to know of one provider's HTTP API. What is the same for all
 * (reserve, send, read, settle, whoever leaves when) is in this folder; what is particular is in a folder for
 * each provider.
 */
import type { Denied } from '@bursar/api';
import type { BursarError, ServiceTier } from '@bursar/core';
import type { Spent } from '../metered-call.ts';
import type { HttpRequest } from './http-request.ts';
import type { RefusalReason } from './refusal-reasons.ts';

/** One provider's HTTP API. */
export interface ProviderApi {
  /** What there is to do with a request; `url` is absolute. */
  ruleFor(method: string, url: string): RouteRule;
  /** Makes a request with these headers one of the owner of `key`, and of nobody else. */
  putKey(headers: Headers, key: string): void;
  readonly errors: ErrorBodies;
}

/** What there is to do with a request. */
export type RouteRule =
  /** Sent as it is: it costs nothing. */
  | { readonly kind: 'free' }
  /** Not sent, for nobody knows what it costs. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** Reserved, sent, settled. `read` throws `input_invalid` for what cannot be read. */
  | { readonly kind: 'metered'; read(http: HttpRequest): Promise<ReadRequest> }
  /** Sent as it is; the answer may tell how a call ended that was begun in the background as `id`. */
  | { readonly kind: 'follow'; readonly id: string };

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
  readonly streams: boolean;
  /** The JSON text to send; `undefined`: the body that was given. */
  readonly text: string | undefined;
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
   * Whether it is of a kind that many models charge for by something that has no price here (by the piece, by the
   * minute), so that `unmeteredRoutes: 'allow'` lets it through where it has none.
   */
  readonly mayBeUnpriced?: boolean;
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
  /** Reads an event; answers what of it the caller is to see. */
  read(event: Uint8Array): Uint8Array | undefined;
  /** What the stream cost so far: as reported, or else as counted. */
  spent(): Spent;
}
