/**
 * A product's process that makes one streamed call and stands still at a moment in the middle of it, deaf
 * to everything, until it is killed: scenario F15.
 */
import { writeSync } from 'node:fs';
import OpenAI from 'openai';
import { connect } from '../../src/connect.ts';
import { proceduresIn } from '../support/procedures-in.ts';

/** Where it stands still: money is set aside; the stream has begun; the answer is there and not settled. */
export type StandstillMoment = 'held' | 'streaming' | 'answered';

/** What it is told, as JSON in its only argument. */
export interface CallerOptions {
  readonly bursar: string;
  readonly token: string;
  readonly provider: string;
  readonly user: string;
  readonly model: string;
  readonly prompt: string;
  readonly ttlMs: number;
  readonly moment: StandstillMoment;
}

const { bursar, token, provider, user, model, prompt, ttlMs, moment } = JSON.parse(
  process.argv[2] ?? '',
) as CallerOptions;

/** Says so on standard output, at once, and never does anything again. */
function standStill(reservation: string): void {
  writeSync(1, `${reservation}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

let reservation = '';
const dispatched = Promise.withResolvers<void>();
const connection = connect({
  url: bursar,
  token,
  fetch: async (input, init) => {
    // Whatever it is told from now on, it must not have told how the call ended.
    if (proceduresIn(input).includes('meter.settle')) throw new Error('settled before the end');
    const response = await fetch(input, init);
    if (proceduresIn(input).includes('meter.extend')) dispatched.resolve();
    return response;
  },
});
const openai = connection.wrap(
  new OpenAI({
    apiKey: 'sk-test',
    baseURL: provider,
    maxRetries: 0,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      await dispatched.promise;
      if (moment === 'answered') {
        const answer = await response.text();
        if (!answer.includes('[DONE]')) throw new Error('the answer is not complete');
        standStill(reservation);
      }
      return response;
    },
  }),
  {
    user,
    ttlMs,
    heartbeatMs: ttlMs / 2,
    callMsMax: ttlMs,
    onDecision: (call) => {
      ({ reservation } = call);
      if (moment === 'held') standStill(reservation);
    },
  },
);
const stream = await openai.chat.completions.create({
  model,
  messages: [{ role: 'user', content: prompt }],
  max_completion_tokens: 50,
  stream: true,
});
for await (const chunk of stream) if (chunk.choices[0]?.delta.content) standStill(reservation);
