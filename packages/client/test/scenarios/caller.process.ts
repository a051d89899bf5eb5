/**
 * A product's process that makes one streamed call and stands still at a moment in the middle of it, deaf
 * to everything, until it is killed: scenario F15.
 */
import { writeSync } from 'node:fs';
import OpenAI from 'openai';
import { connect } from '../../src/connect.ts';
import { fileJournal } from '../../src/journal/file-journal.ts';
import { proceduresIn } from '../support/procedures-in.ts';

/**
 * Where it stands still: money is set aside; the stream has begun; the answer is there and not settled; what it has
 * cost is in the journal and not told.
 */
export type StandstillMoment = 'held' | 'streaming' | 'answered' | 'settling';

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
  /** The directory of its journal; it has none unless it is said. Then its call is made although nobody hears Bursar. */
  readonly journal?: string;
}

const {
  bursar,
  token,
  provider,
  user,
  model,
  prompt,
  ttlMs,
  moment,
  journal: directory,
} = JSON.parse(process.argv[2] ?? '') as CallerOptions;

/** Says so on standard output, at once, and never does anything again. */
function standStill(reservation: string): void {
  writeSync(1, `${reservation}\n`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

let reservation = '';
let isReserved = false;
const dispatched = Promise.withResolvers<void>();
const connection = connect({
  url: bursar,
  token,
  ...(directory === undefined ? {} : { journal: fileJournal({ directory }) }),
  fetch: async (input, init) => {
    // Whatever it is told from now on, it must not have told how the call ended.
    if (proceduresIn(input).includes('meter.settle')) {
      if (moment !== 'settling') throw new Error('settled before the end');
      standStill(reservation);
    }
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
      if (isReserved) await dispatched.promise;
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
    whenUnreachable: directory === undefined ? 'deny' : 'allow',
    onUnreserved: (call) => {
      ({ reservation } = call);
    },
    onDecision: (call) => {
      ({ reservation } = call);
      isReserved = true;
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
for await (const chunk of stream) {
  if (moment === 'streaming' && chunk.choices[0]?.delta.content) standStill(reservation);
}
// What nobody hears is in the journal by now.
await connection.settled();
standStill(reservation);
