/**
 * A middleware for language models: reserve before, settle after, by the usage that the AI SDK has read out of the
 * provider's answer.
 */
import { APICallError, type LanguageModelMiddleware } from 'ai';
import { CallRefused } from '../call-refused.ts';
import type { Bursar } from '../connect.ts';
import type { RunningWork, WorkResult, WorkToMeter } from '../metered-work.ts';
import { unitsIn } from '../units.ts';
import type { WrapOptions } from '../wrap-options.ts';
import type { Generated, Streamed } from './ai-types.ts';
import { refusedCall } from './refused-call.ts';
import { type CallSize, sizeOf } from './call-size.ts';
import { meteredParts } from './metered-parts.ts';
import { counted, spentOf } from './usage-of-ai.ts';

/** How a model's calls are metered. */
export type AiOptions<Kind extends string = string> = Omit<
  WrapOptions<Kind>,
  'unmeteredRoutes' | 'onAbort' | 'drainMsMax' | 'clamp' | 'ownKey'
>;

/**
 * For `wrapLanguageModel({ model, middleware })`: every call of the model is charged to `options.user`. A refused call
 * is an `APICallError` of status 402, which is not retried and which `denialOf` understands.
 */
export function bursarMiddleware<Kind extends string = string>(
  bursar: Pick<Bursar<Kind>, 'meter'>,
  options: AiOptions<NoInfer<Kind>>,
): LanguageModelMiddleware;
export function bursarMiddleware(
  bursar: Pick<Bursar, 'meter'>,
  options: AiOptions,
): LanguageModelMiddleware {
  return {
    specificationVersion: 'v4',
    async wrapGenerate({ doGenerate, params, model }): Promise<Generated> {
      const size = sizeOf(params);
      const call = callOf(model, size, options, params.abortSignal);
      return await refusing(
        bursar.meter(call, async (running) => {
          const result = await orSpent(doGenerate(), size, running);
          const { usage, response } = result;
          return {
            value: result,
            ...spentOf(usage, () => counted(result.content, size), response?.modelId),
            ...unitsOf(response?.headers, options),
          };
        }),
      );
    },
    wrapStream({ doStream, params, model }): Promise<Streamed> {
      const size = sizeOf(params);
      const call = callOf(model, size, options, params.abortSignal);
      return new Promise((resolve, reject) => {
        const ended = bursar.meter(call, async (running): Promise<WorkResult<undefined>> => {
          const result = await orSpent(doStream(), size, running);
          const { stream, cost } = meteredParts(result.stream, { size, running });
          resolve({ ...result, stream });
          return {
            value: undefined,
            ...(await cost),
            ...unitsOf(result.response?.headers, options),
          };
        });
        refusing(ended).catch(reject);
      });
    },
  };
}

function callOf(
  { modelId, provider }: { readonly modelId: string; readonly provider: string },
  { inputTokensMax, outputTokensMax }: CallSize,
  options: AiOptions,
  signal: AbortSignal | undefined,
): WorkToMeter {
  const seller = options.provider ?? SELLERS.get(provider.split('.', 1)[0] ?? '');
  return {
    ...options,
    ...(seller === undefined ? {} : { provider: seller }),
    model: modelId,
    inputTokens: inputTokensMax,
    ...(signal === undefined ? {} : { signal }),
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
  };
}

/** What the answer's headers say of units. */
function unitsOf(
  headers: Readonly<Record<string, string>> | undefined,
  { unitsHeader }: AiOptions,
): { readonly units?: number } {
  if (unitsHeader === undefined || headers === undefined) return {};
  const units = unitsIn(new Headers(headers).get(unitsHeader));
  return units === undefined ? {} : { units };
}

/** Providers of the AI SDK that sell models of others, by the names of the price table. */
const SELLERS: ReadonlyMap<string, string> = new Map([
  ['azure', 'azure'],
  ['azure-openai', 'azure'],
  ['baseten', 'baseten'],
  ['amazon-bedrock', 'aws'],
  ['cerebras', 'cerebras'],
  ['fireworks', 'fireworks'],
  ['groq', 'groq'],
  ['togetherai', 'together'],
]);

/** `answer`; where it fails although the provider may have worked on it, the input counts as used. */
async function orSpent<Answer>(
  answer: PromiseLike<Answer>,
  { inputTokensExpected: inputTokens }: CallSize,
  running: RunningWork,
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    const wasRefused = APICallError.isInstance(error) && (error.statusCode ?? 0) >= 400;
    if (!wasRefused) running.spentSoFar({ usage: { inputTokens }, basis: 'estimated' });
    throw error;
  }
}

async function refusing<Value>(metered: Promise<Value>): Promise<Value> {
  try {
    return await metered;
  } catch (error) {
    throw error instanceof CallRefused ? refusedCall(error) : error;
  }
}
