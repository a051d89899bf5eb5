/**
 * The port of the metered connection: what it has to know of the events of one API. What is the same for all (set
 * aside, send, settle, in which order) is in `metered-connection.ts`.
 */
import type { ServiceTier } from '@bursar/core';
import type { JsonObject } from '../http/json-fields.ts';
import type { OtherUnits } from '../call-terms.ts';
import type { WorkCost } from '../metered-work.ts';

/** What an answer may use, and how its events are to be understood. */
export interface PlannedTurn {
  readonly model: string;
  /** Upper bound. */
  readonly inputTokens: number;
  readonly outputTokensMax: number | undefined;
  readonly audio: boolean;
  readonly serviceTier: ServiceTier | undefined;
  /** Upper bounds of what the model may be charged by instead of tokens. */
  readonly otherUnits?: OtherUnits;
  /** Turns of one lane are answered in the order in which they were asked for. */
  readonly lane: string;
  readonly reading: TurnReading;
}

/** What an answer has told so far. */
export interface TurnReading {
  /** Counted so far. */
  readonly outputTokens: number;
  read(event: JsonObject): void;
  /** What it cost, once `event` has ended it; `undefined`: nothing. */
  costAtEnd(event: JsonObject): WorkCost | undefined;
  /** What it cost when nobody hears how it ends: as counted. */
  costUnheard(): WorkCost;
}

/** What there is to do with an event before it is sent. */
export type SendRule =
  | { readonly kind: 'free' }
  /** Not sent: nobody knows what it costs. The reason completes "… was not sent: ". */
  | { readonly kind: 'refused'; readonly reason: string }
  /** An answer is asked for. */
  | { readonly kind: 'turn'; readonly turn: PlannedTurn }
  /** Sound, upon which the provider may answer by itself. */
  | { readonly kind: 'sound'; readonly bytes: number };

/** What the provider says of an answer. */
export type TurnEvent = 'begins' | 'goes on' | 'ends' | undefined;

/** A call that is no answer, whose cost is known only when it is over. */
export interface SideCall {
  readonly model: string;
  readonly cost: WorkCost;
}

/** The events of one API, and what they say of the conversation. */
export interface Protocol {
  /** Throws `input_invalid` for what cannot be priced. */
  ruleFor(event: JsonObject): SendRule;
  /** `event` as it is to be sent. */
  prepared(event: JsonObject): JsonObject;
  /** Notes what was sent. */
  sent(event: JsonObject): void;
  /** Notes what was received. */
  received(event: JsonObject): void;
  turnEvent(event: JsonObject): TurnEvent;
  laneOf(event: JsonObject): string;
  /** What tells answers that are under way from each other. */
  keyOf(event: JsonObject): string;
  /** Of an `error` event: the event that it is about, its id and its lane, as far as it says. */
  causeOf(error: JsonObject): { readonly eventId: string | undefined; readonly lane: string };
  /** Whether it begins answers that nobody asked for. */
  readonly mayAnswerUnasked: boolean;
  /** Such an answer, as it would be after `soundBytes` more. Throws `input_invalid` while its model is not known. */
  unasked(soundBytes: number): PlannedTurn;
  /** Ends an answer that goes on; `undefined` where that is not possible. */
  cancelling(key: string): JsonObject | undefined;
  /** Bytes of sound in a second. */
  readonly soundBytesPerSecond: number;
  /** Takes it that what was sent in silence is not heard, unless somebody is speaking. */
  forgetSilence(): void;
  /**
   * Whether what is said while the package reconnects is kept for the new connection. If not, it is the package's to
   * refuse or to keep, as it was told: what it sends later is noticed when it is answered.
   */
  readonly waitsForReconnecting: boolean;
  /** Whether an `error` event ends the answer that is under way in its lane. */
  readonly failsWithError: boolean;
  /** A call that `event` tells of, other than an answer. */
  sideCall(event: JsonObject): SideCall | undefined;
  /** An `error` event in the API's form. */
  errorEvent(error: JsonObject, status: number, about: JsonObject | undefined): JsonObject;
}
