/** The parts of a streamed answer, on their way to the caller: counted, and settled by the part that ends them. */
import type { Usage } from '@bursar/core';
import { CallRefused } from '../call-refused.ts';
import { NO_TEXT, streamedTokens, withDelta } from '../http/text-tokens.ts';
import type { RunningWork, WorkCost } from '../metered-work.ts';
import type { Part } from './ai-types.ts';
import type { CallSize } from './call-size.ts';
import { refusedCall } from './refused-call.ts';
import { spentOf } from './usage-of-ai.ts';

/** `parts` to be passed on, and what they cost once they have ended, however they end. */
export function meteredParts(
  parts: ReadableStream<Part>,
  { size, running }: { readonly size: CallSize; readonly running: RunningWork },
): { readonly stream: ReadableStream<Part>; readonly cost: Promise<WorkCost> } {
  const reader = parts.getReader();
  let resolve: (cost: WorkCost) => void;
  const cost = new Promise<WorkCost>((done) => {
    resolve = done;
  });
  let text = NO_TEXT;
  let answeredBy: string | undefined;
  let reported: WorkCost | undefined;
  const counted = (): Usage => ({
    inputTokens: size.inputTokensExpected,
    outputTokens: streamedTokens(text),
  });
  const read = (part: Part): void => {
    if (part.type === 'response-metadata') answeredBy = part.modelId;
    if ('delta' in part && typeof part.delta === 'string') text = withDelta(text, part.delta);
    if (part.type !== 'finish') return;
    reported = spentOf(part.usage, counted, answeredBy);
  };
  const end = (): void => resolve(reported ?? spentOf(undefined, counted, answeredBy));
  const stream = new ReadableStream<Part>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            end();
            controller.close();
            return;
          }
          read(value);
          if (reported !== undefined) end();
          const denied = await running.cover(streamedTokens(text));
          if (denied !== undefined && reported === undefined) {
            end();
            await reader.cancel(new Error(denied.message));
            // As providers tell of what goes wrong on the way.
            controller.enqueue({ type: 'error', error: refusedCall(new CallRefused(denied)) });
            controller.close();
            return;
          }
          controller.enqueue(value);
        } catch (error) {
          end();
          controller.error(error);
        }
      },
      async cancel(reason) {
        end();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, cost };
}
