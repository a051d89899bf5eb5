/**
 * The span of a metered call, if somebody wants one.
 *
 * `@opentelemetry/api` keeps what is registered in a place of the global object that all its copies of one major
 * version share (its `src/internal/global-utils.ts`), and there it is looked up, so that nobody has to install or
 * bundle the package who does not use it. What makes spans is loaded only where a tracer is registered.
 */
import { loading } from '../loading.ts';
import type { CallSpan, TracerProvider } from './call-span.ts';

const REGISTRY = Symbol.for('opentelemetry.js.api.1');

const loadSpans = loading(() => import('./call-span.ts'));

/** For calls that nobody traces. */
const NO_SPAN: CallSpan = {
  denied() {},
  unreserved() {},
  kept() {},
  settled() {},
  released() {},
  failed() {},
};

/** Begins the span of `call`. */
export async function spanOfCall(call: {
  readonly reservation: string;
  readonly model: string;
}): Promise<CallSpan> {
  const registry = (globalThis as { readonly [REGISTRY]?: { readonly trace?: TracerProvider } })[
    REGISTRY
  ];
  if (registry?.trace === undefined) return NO_SPAN;
  const { TracedCall } = await loadSpans();
  return new TracedCall(registry.trace, call);
}
