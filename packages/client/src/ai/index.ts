/**
 * `@bursar/client/ai`: models of the Vercel AI SDK, metered, whoever provides them. Where the provider is OpenAI
 * (or made like it) `createOpenAI({ fetch: bursar.fetch({ user }) })` does the same one layer below.
 */
export { type AiOptions, bursarMiddleware } from './middleware.ts';
