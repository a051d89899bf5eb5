/** The AI SDK's types that are needed here, taken out of its middleware, for `ai` does not export them by name. */
import type { LanguageModelMiddleware } from 'ai';

type Generating = Parameters<NonNullable<LanguageModelMiddleware['wrapGenerate']>>[0];

/** What a model is asked. */
export type Params = Generating['params'];
/** A whole answer. */
export type Generated = Awaited<ReturnType<Generating['doGenerate']>>;
/** A streamed answer. */
export type Streamed = Awaited<ReturnType<Generating['doStream']>>;
/** What an answer says it used. */
export type AiUsage = Generated['usage'];
/** A part of a streamed answer. */
export type Part = Streamed['stream'] extends ReadableStream<infer Item> ? Item : never;
