/** One answer on a connection, as the book has it. */
import type { OpenCall } from '../call-log.ts';
import { planAnswer, type Answer } from '../answer.ts';
import type { TokenUsage } from '../token-usage.ts';
import type { Line } from './accept-sockets.ts';

/** Opens the record of a call of `model` on `line`, of `promptTokens`. */
export function openSocketCall(line: Line, model: string, promptTokens: number): OpenCall {
  const call: OpenCall = {
    id: line.newId('req_'),
    path: line.path,
    model,
    keyHint: line.keyHint,
    arrivedAtMs: Date.now(),
    retryCount: 0,
    status: 101,
    promptTokens,
    cachedTokens: Math.min(line.script.cachedTokens, promptTokens),
    outputTokens: 0,
    reasoningTokens: 0,
    reportedUsage: null,
    ending: null,
  };
  line.log.arrive(call);
  return call;
}

/** The usage of `call` so far, null when the script withholds it. */
export function usageOf({ script }: Line, call: OpenCall): TokenUsage | null {
  if (!script.reportsUsage) return null;
  const { promptTokens, cachedTokens, outputTokens, reasoningTokens } = call;
  return { promptTokens, cachedTokens, outputTokens, reasoningTokens };
}

/** What is answered to a prompt of so many tokens. */
export function answerTo(line: Line, promptTokens: number, tokensMax: number | null): Answer {
  return planAnswer({ kind: 'text', seed: promptTokens }, tokensMax, line.script);
}

/** Lets others have their turn: between two pieces of an answer an event may come that ends it. */
export function breathe(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (delayMs > 0) setTimeout(resolve, delayMs);
    else setImmediate(resolve);
  });
}
