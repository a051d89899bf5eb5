/**
 * One OpenTelemetry span for each metered call.
 *
 * Names are those of the semantic conventions for generative AI as of
 * 2026-11, and Bursar's own below `bursar.`. No names of users and nothing that was said is in them.
 */
import type { Denied } from '@bursar/api';
import { type Usage, totalInputTokens, totalOutputTokens } from '@bursar/core';
import type { Basis } from '../call-hooks.ts';

/** What is used of a span; after `@opentelemetry/api` 1.10. */
interface Span {
  setAttributes(attributes: Readonly<Record<string, string | number | boolean>>): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}

/** What is used of a registered provider of tracers. */
export interface TracerProvider {
  getTracer(name: string): { startSpan(name: string, options: { readonly kind: number }): Span };
}

/** `SpanKind.CLIENT` and `SpanStatusCode.ERROR`. */
const KIND_CLIENT = 2;
const STATUS_ERROR = 2;

/** What a call reports of itself. No method throws. */
export interface CallSpan {
  denied(denied: Denied): void;
  settled(cost: SettledCost): void;
  /** It is made unreserved; how it ends is told besides. */
  unreserved(): void;
  /** Its cost is kept and booked later. */
  kept(): void;
  /** Nothing was charged. */
  released(): void;
  /** Bursar could not be asked, or not be told. */
  failed(error: unknown): void;
}

/** What is booked for a call. */
interface SettledCost {
  readonly costUsd: string;
  readonly usage: Usage;
  readonly basis: Basis;
  /** The model that answered. */
  readonly model: string | undefined;
}

/** A call that is traced. */
export class TracedCall implements CallSpan {
  readonly #span: Span | undefined;
  #decision = 'allowed';
  #hasEnded = false;

  constructor(
    tracers: TracerProvider,
    call: { readonly reservation: string; readonly model: string },
  ) {
    this.#span = quietly(() => {
      const span = tracers
        .getTracer('@bursar/client')
        .startSpan(`metered ${call.model}`, { kind: KIND_CLIENT });
      span.setAttributes({
        'gen_ai.request.model': call.model,
        'bursar.reservation': call.reservation,
      });
      return span;
    });
  }

  denied({ reason, message }: Denied): void {
    quietly(() => {
      this.#span?.setAttributes({ 'bursar.decision': 'denied', 'bursar.denial.reason': reason });
      this.#span?.setStatus({ code: STATUS_ERROR, message });
    });
    this.#end();
  }

  unreserved(): void {
    this.#decision = 'unreserved';
  }

  kept(): void {
    quietly(() => this.#span?.setAttributes({ 'bursar.decision': this.#decision }));
    this.#end();
  }

  settled(cost: SettledCost): void {
    // What was kept is booked when the span is long over.
    if (this.#hasEnded) return;
    quietly(() =>
      this.#span?.setAttributes({
        'bursar.decision': this.#decision,
        'bursar.cost_usd': cost.costUsd,
        'bursar.usage.basis': cost.basis,
        'gen_ai.usage.input_tokens': totalInputTokens(cost.usage),
        'gen_ai.usage.output_tokens': totalOutputTokens(cost.usage),
        ...(cost.model === undefined ? {} : { 'gen_ai.response.model': cost.model }),
      }),
    );
    this.#end();
  }

  released(): void {
    quietly(() =>
      this.#span?.setAttributes({ 'bursar.decision': this.#decision, 'bursar.cost_usd': '0.00' }),
    );
    this.#end();
  }

  failed(error: unknown): void {
    quietly(() => this.#span?.setStatus({ code: STATUS_ERROR, message: String(error) }));
    this.#end();
  }

  #end(): void {
    this.#hasEnded = true;
    quietly(() => this.#span?.end());
  }
}

/** Telemetry must not cost anybody a call. */
function quietly<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
